import pytest
import torch

from faceedit.nn.parsing import ParsingDecoder
from faceedit.nn.residual import ResidualEncoder


@pytest.mark.parametrize("size", [32, 48])
def test_labels_come_out_at_the_size_of_the_picture(size):
    encoder = ResidualEncoder(3, (8, 8, 16)).eval()
    decoder = ParsingDecoder((8, 8, 16), (12, 8), 3, 5).eval()
    pictures = torch.rand(2, 3, size, size)
    assert decoder(pictures, encoder(pictures)).shape == (2, 5, size, size)


def test_a_single_pixel_of_the_picture_is_told_from_its_neighbour():
    torch.manual_seed(0)
    encoder, decoder = ResidualEncoder(3, (8, 8)), ParsingDecoder((8, 8), (16,), 3, 2)
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-2)
    share = 0.0
    for _ in range(100):
        wanted = torch.rand(4, 16, 16) > 0.5
        pictures = wanted[:, None].float().expand(-1, 3, -1, -1).contiguous()
        logits = decoder(pictures, encoder(pictures))
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(logits, wanted.long()).backward()
        optimiser.step()
        share = float((logits.argmax(1) == wanted).float().mean())
        if share > 0.95:
            break
    assert share > 0.95
