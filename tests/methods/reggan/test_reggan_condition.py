import pytest
import torch

from faceedit.methods.reggan.condition import block_shares
from faceedit.targets import EXPRESSIONS


def strengths(**asked: float) -> torch.Tensor:
    return torch.tensor([[asked.get(name, 0.0) for name in EXPRESSIONS]])


@pytest.mark.parametrize(
    ("asked", "calm"),
    [
        ({}, 0.0),
        ({"happy": 1.0}, 1.0),
        ({"happy": 0.4}, 0.4),
        ({"happy": 1.5}, 1.0),
        ({"happy": 0.6, "sad": 0.3}, 0.9),
        ({"happy": 1.0, "sad": 1.0}, 1.0),
        ({"neutral": 1.0}, 0.0),
        ({"neutral": 0.5, "happy": 0.5}, 0.5),
        ({"neutral": 1.5}, 0.0),
        ({"neutral": 1.0, "happy": 0.5}, 0.0),
    ],
)
def test_a_faces_own_expression_goes_as_far_as_another_comes(asked, calm):
    shares = block_shares(strengths(**asked))
    assert shares.shape == (1, 9)
    assert shares[0, 0].item() == pytest.approx(calm)
    torch.testing.assert_close(shares[:, 1:], strengths(**asked))
