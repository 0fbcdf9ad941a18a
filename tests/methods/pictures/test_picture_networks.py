"""The layers of Tables 7 to 10 of LEGAN."""

import pytest
import torch
from torch import nn

from faceedit.methods.pictures.networks import Discriminator, Hourglass, ResidualBlock

SIX_BLOCKS = [(3, 1, 256)] * 12
DOWN = [(7, 1, 64), (4, 2, 128), (4, 2, 256)]


def convolutions(network: nn.Module) -> list[tuple[int, int, int]]:
    """Sizes, strides and filters, in the order of the layers."""
    found = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    return [(int(c.kernel_size[0]), int(c.stride[0]), c.out_channels) for c in found]


def count(network: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(m, kind) for m in network.modules())


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("shuffle", [(3, 1, 4 * 256)], [(3, 1, 4 * 128)]),
        ("transposed", [(4, 2, 256)], [(4, 2, 128)]),
        ("bilinear", [], []),
    ],
)
def test_an_hourglass_is_the_tables(kind, first, second):
    with torch.device("meta"):
        network = Hourglass(9, upsampling=kind)
        assert network(torch.zeros(1, 9, 128, 128)).shape == (1, 3, 128, 128)
    up = [*first, (4, 1, 128), *second, (4, 1, 64), (7, 1, 3)]
    assert convolutions(network) == DOWN + SIX_BLOCKS + up
    assert count(network, ResidualBlock) == 6
    assert count(network, nn.PixelShuffle) == (2 if kind == "shuffle" else 0)
    # After each convolution and doubling but the last; a block has two, and one activation.
    assert count(network, nn.InstanceNorm2d) == 3 + 12 + 4
    assert count(network, nn.ReLU) == 3 + 6 + 4


def test_a_discriminator_is_table_10():
    with torch.device("meta"):
        network = Discriminator(26)
        source, classes = network(torch.zeros(2, 3, 128, 128))
    widths = (64, 128, 256, 512, 1024, 2048)
    assert convolutions(network) == [*((4, 2, w) for w in widths), (3, 1, 1), (1, 1, 26)]
    slopes = [m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.01] * 6
    assert (source.shape, classes.shape) == ((2, 1, 2, 2), (2, 26, 2, 2))


def test_smaller_pictures_need_fewer_convolutions_and_larger_ones_grow_no_wider():
    source, _ = Discriminator(5, 32, 4)(torch.rand(2, 3, 32, 32))
    assert source.shape == (2, 1, 2, 2)
    with torch.device("meta"):
        widths = [filters for _, stride, filters in convolutions(Discriminator(5, 512, 4))]
    assert widths == [4, 8, 16, 32, 64, 128, 128, 128, 1, 5]


def test_what_does_not_do_is_named():
    with pytest.raises(ValueError, match="size is 48, which is no power of two"):
        Discriminator(3, 48)
    with pytest.raises(ValueError, match="width is 0"):
        Hourglass(9, 0)
    with pytest.raises(ValueError, match="upsampling is 'nearest', not one of shuffle"):
        Hourglass(9, 4, upsampling="nearest")  # pyright: ignore[reportArgumentType]
