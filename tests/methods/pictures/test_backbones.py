"""The layers of Tables 2 and 3 of SeCGAN, as h = 128."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from faceedit.methods.pictures.backbones import (
    AttGenerator,
    Shape,
    StarGenerator,
    make_discriminator,
    make_generator,
)
from faceedit.methods.pictures.networks import ResidualBlock

MASKS, PICTURES = Shape(13, 12), Shape(13)
STAR_UP = [("ConvT", 256, 128, 4, 2), ("ConvT", 128, 64, 4, 2)]
WIDTHS = (64, 128, 256, 512, 1024, 2048)


def layers(network: nn.Module) -> list[tuple]:
    """Kinds, channels, sizes and strides, in the order of the layers."""
    found = []
    for m in network.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
            kind = "ConvT" if isinstance(m, nn.ConvTranspose2d) else "Conv"
            found.append((kind, m.in_channels, m.out_channels, m.kernel_size[0], m.stride[0]))
        if isinstance(m, nn.Linear):
            found.append(("FC", m.in_features, m.out_features))
    return found


def kinds(network: nn.Module) -> dict[str, int]:
    names = [type(m).__name__ for m in network.modules() if not list(m.children())]
    return {name: names.count(name) for name in dict.fromkeys(names)}


@pytest.mark.parametrize("shape", [MASKS, PICTURES, Shape(8, extra=12)])
def test_generators_are_the_tables(shape):
    c, n, extra = shape.channels, shape.labels, shape.extra
    with torch.device("meta"):
        star, att = (make_generator(name, shape) for name in ("stargan", "attgan"))
        given, labels = torch.zeros(2, c + extra, 128, 128), torch.zeros(2, n)
        for network in (star, att):
            assert network(given, labels).shape == (2, c, 128, 128)
    down = [("Conv", c + extra + n, 64, 7, 1), ("Conv", 64, 128, 4, 2), ("Conv", 128, 256, 4, 2)]
    blocks = [("Conv", 256, 256, 3, 1)] * 12
    assert layers(star) == [*down, *blocks, *STAR_UP, ("Conv", 64, c, 7, 1)]
    assert sum(isinstance(m, ResidualBlock) for m in star.modules()) == 6
    assert kinds(star)["InstanceNorm2d"] == 3 + 12 + 2
    widths = (c + extra, *WIDTHS[:5])
    assert layers(att) == [
        *(("Conv", a, b, 4, 2) for a, b in pairwise(widths)),
        ("ConvT", 1024 + n, 1024, 4, 2), ("ConvT", 1536 + n, 512, 4, 2),
        ("ConvT", 512, 256, 4, 2), ("ConvT", 256, 128, 4, 2), ("ConvT", 128, c, 4, 2),
    ]  # fmt: skip
    assert (kinds(att)["BatchNorm2d"], kinds(att)["LeakyReLU"], kinds(att)["ReLU"]) == (9, 5, 4)


def test_the_papers_count_of_parameters():
    with torch.device("meta"):
        star, att = (make_generator(name, PICTURES) for name in ("stargan", "attgan"))
    millions = [sum(p.numel() for p in one.parameters()) / 1e6 for one in (star, att)]
    assert [int(one) for one in millions] == [8, 43]  # section 4.2


@pytest.mark.parametrize("shape", [MASKS, PICTURES])
def test_discriminators_are_the_tables(shape):
    with torch.device("meta"):
        star, att = (make_discriminator(name, shape) for name in ("stargan", "attgan"))
        for network in (star, att):
            realism, labels = network(torch.zeros(2, shape.channels, 128, 128))
            assert (realism.shape, labels.shape) == ((2,), (2, 13))
    widths = (shape.channels, *WIDTHS)
    body = [("Conv", a, b, 4, 2) for a, b in pairwise(widths)]
    assert layers(star) == [*body, ("Conv", 2048, 1, 3, 1), ("Conv", 2048, 13, 2, 1)]
    flat = 1024 * 4 * 4
    heads = [("FC", flat, 1024), ("FC", 1024, 1), ("FC", flat, 1024), ("FC", 1024, 13)]
    assert layers(att) == [*body[:5], *heads]
    assert not {"BatchNorm2d", "InstanceNorm2d"} & {*kinds(star), *kinds(att)}


@pytest.mark.parametrize("name", ["stargan", "attgan"])
@pytest.mark.parametrize("size", [32, 64, 256])
def test_other_sizes(name, size):
    shape = Shape(5, 3, size, 4, 1)
    picture = torch.rand(2, 3, size, size)
    with torch.no_grad():
        assert make_generator(name, shape)(picture, torch.zeros(2, 5)).shape == picture.shape
        assert make_discriminator(name, shape)(picture)[1].shape == (2, 5)


def test_where_labels_enter():
    torch.manual_seed(0)
    picture, shape = torch.rand(1, 3, 32, 32), Shape(2, 3, 32, 4, 1)
    star, att = StarGenerator(shape).eval(), AttGenerator(shape).eval()
    with torch.no_grad():
        for network in (star, att):
            plain, other = (
                network(picture, torch.tensor([numbers])) for numbers in ([0.0, 0.0], [0.0, 1.0])
            )
            assert not torch.equal(plain, other)
        # A label of AttGAN's enters the decoder twice: without either it is still heard.
        for layer in (att.first, att.second):
            next(layer.parameters())[-2:] = 0
            heard = att(picture, torch.tensor([[0.0, 1.0]]))
            assert torch.equal(heard, att(picture, torch.zeros(1, 2))) == (layer is att.second)


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("stylegan", Shape(3), "backbone is 'stylegan', not one of stargan, attgan"),
        ("stargan", Shape(3, size=48), "size is 48, which is no power of two"),
        ("attgan", Shape(3, size=16), "size is 16"),
        ("stargan", Shape(3, width=0), "width is 0"),
        ("stargan", Shape(0), "labels is 0"),
    ],
)
def test_what_does_not_do_is_named(name, shape, said):
    with pytest.raises(ValueError, match=said):
        make_generator(name, shape)
