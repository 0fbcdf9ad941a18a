import pytest
import torch
from torch.nn import functional as F

from faceedit.nn.ms_ssim import EXPONENTS, ms_ssim


def pair(side: int, noise: float) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    first = F.avg_pool2d(torch.rand(2, 3, side, side, generator=generator) * 2 - 1, 5, 1, 2)
    second = first + noise * torch.randn(first.shape, generator=generator)
    return first, second.clamp(-1, 1)


@pytest.mark.parametrize(("side", "scales"), [(192, 5), (128, 4)])
@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
def test_it_is_as_torchmetrics_has_it(side, scales, noise):
    """Up to the edge of the coarsest scale, which torchmetrics pads by reflection."""
    image = pytest.importorskip("torchmetrics.functional.image")
    first, second = pair(side, noise)
    whole = 1.0 if scales == 5 else sum(EXPONENTS[:scales])
    wanted = image.multiscale_structural_similarity_index_measure(
        first, second, data_range=2.0, reduction="none",
        betas=tuple(one / whole for one in EXPONENTS[:scales]),
    )  # fmt: skip
    torch.testing.assert_close(ms_ssim(first, second), wanted, atol=5e-3, rtol=0)


def test_it_is_one_for_equal_images_and_falls_with_noise():
    values = [ms_ssim(*pair(64, noise)).mean().item() for noise in (0.0, 0.05, 0.2, 0.8)]
    assert values[0] == pytest.approx(1.0, abs=1e-5)
    assert values == sorted(values, reverse=True)


def test_its_slope_is_finite_where_images_are_opposite():
    first = pair(32, 0.0)[0].requires_grad_()
    value = ms_ssim(first, -first.detach())
    value.sum().backward()
    assert first.grad is not None
    assert first.grad.isfinite().all()
    assert (value > 0).all()


def test_it_computes_in_32_bits_whatever_is_cast_around_it():
    first, second = pair(64, 0.1)
    with torch.autocast("cpu", torch.bfloat16):
        cast = ms_ssim(first, second)
    torch.testing.assert_close(cast, ms_ssim(first, second))


def test_it_takes_any_memory_format():
    first, second = pair(64, 0.1)
    last = [image.contiguous(memory_format=torch.channels_last) for image in (first, second)]
    torch.testing.assert_close(ms_ssim(*last), ms_ssim(first, second))
