from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from faceedit.methods.reggan.calibrate import MOST, calibrate
from faceedit.methods.reggan.samples import Samples

CPU = torch.device("cpu")


def sample(*_):
    flow = torch.randn(2, 8, 8, generator=torch.Generator().manual_seed(1))
    ones = torch.ones(1, 8, 8)
    return {
        "crop": flow[:1], "maps": ones, "strengths": torch.ones(2), "code": torch.ones(3),
        "flow": flow, "log_ratio": 2 * flow, "weight": ones, "opening": 0 * ones,
    }  # fmt: skip


class Timid:
    """Gives a share of the wanted fields."""

    targets = ("neutral", "happy")

    def __init__(self, share):
        self.share = share

    def __call__(self, *_):
        wanted = sample()
        return SimpleNamespace(
            flow=self.share * wanted["flow"][None], log_ratio=self.share * wanted["log_ratio"][None]
        )


@pytest.mark.parametrize(("share", "expected"), [(0.8, 1.25), (1.1, 1.0), (0.2, MOST), (-1, 1.0)])
def test_the_inverse_slope_within_limits(monkeypatch, share, expected):
    monkeypatch.setattr(Samples, "draw_face", sample)
    faces = [
        SimpleNamespace(photo=SimpleNamespace(expression=e))
        for e in ("neutral", "happy", "neutral")
    ]
    material = SimpleNamespace(expression="happy", faces=faces)
    found = calibrate(cast(Any, Timid(share)), cast(Any, material), CPU)
    torch.testing.assert_close(found, torch.full((2, 2), float(expected)))
