import pytest
import torch

from faceedit.nn.attention import AttentionBlock, AttentionUnit, Hourglass
from faceedit.nn.blocks import FeatureUnit, make_norm


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("stride", [1, 2])
def test_feature_unit_shapes(norm, stride):
    x = torch.randn(2, 6, 16, 16)
    assert FeatureUnit(6, 10, stride, norm)(x).shape == (2, 10, 16 // stride, 16 // stride)


def test_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="layer"):
        make_norm("layer", 4)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("side", [8, 10, 7])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_hourglass_keeps_the_shape_also_of_odd_sides(side, depth):
    x = torch.randn(1, 4, side, side)
    assert Hourglass(4, depth, "none")(x).shape == x.shape


@pytest.mark.parametrize(("kind", "maps"), [("spatial", 1), ("full", 6)])
def test_attention_lies_between_zero_and_one(kind, maps):
    alpha = AttentionUnit(6, 4, 2, kind, "none")(10 * torch.randn(2, 6, 8, 8))
    assert alpha.shape == (2, maps, 8, 8)
    assert ((alpha > 0) & (alpha < 1)).all()


@pytest.mark.parametrize(("channels", "stride"), [(6, 1), (8, 1), (8, 2)])
@pytest.mark.parametrize("kind", ["spatial", "full"])
def test_block_is_equation_9(channels, stride, kind):
    attention = AttentionUnit(channels, 4, 1, kind, "none")
    block = AttentionBlock(6, channels, stride, "none", attention)
    x = torch.randn(2, 6, 8, 8)
    features = block.unit(x)
    expected = block.shortcut(x) + attention(features) * features
    torch.testing.assert_close(block(x), expected)


def test_block_without_attention_lets_everything_through():
    block = AttentionBlock(6, 6, 1, "none", None)
    x = torch.randn(2, 6, 8, 8)
    torch.testing.assert_close(block(x), x + block.unit(x))
