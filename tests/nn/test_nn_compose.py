import cv2
import numpy as np
import skimage.data
import torch

from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit, RasterPaint
from faceedit.nn.compose import compose_fields, warp

SIZE, HALF = 128, 64


def picture() -> np.ndarray:
    part = skimage.data.astronaut()[:256, 100:356]
    return cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def smooth(channels: int, amount: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(HALF, HALF, channels)).astype(np.float32)
    field = cv2.GaussianBlur(noise, (0, 0), 8).reshape(HALF, HALF, channels)
    return field * np.float32(amount / field.std())


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None].float()


def test_no_flow_is_the_identity():
    image = torch.rand(2, 3, 32, 32)
    for size in (16, 32):
        torch.testing.assert_close(
            warp(image, torch.zeros(2, 2, size, size)), image, atol=1e-5, rtol=0
        )


def test_flow_says_where_a_pixel_comes_from():
    image = torch.rand(1, 1, 32, 32)
    flow = torch.zeros(1, 2, 32, 32)
    flow[:, 0], flow[:, 1] = 3.0, -2.0
    result = warp(image, flow)
    torch.testing.assert_close(result[..., 2:, :-3], image[..., :-2, 3:], atol=1e-4, rtol=0)
    # Beyond the border its pixels go on.
    torch.testing.assert_close(result[..., 0, 0], image[..., 0, 3], atol=1e-4, rtol=0)


def test_log_ratio_multiplies():
    image = torch.rand(1, 3, 32, 32)
    ratio = torch.full((1, 3, 16, 16), float(np.log(0.5)))
    result = compose_fields(image, torch.zeros(1, 2, 16, 16), ratio)
    torch.testing.assert_close(result, image / 2, atol=1e-5, rtol=0)


def test_gradients_reach_the_fields():
    flow = torch.zeros(1, 2, 16, 16, requires_grad=True)
    ratio = torch.zeros(1, 3, 16, 16, requires_grad=True)
    compose_fields(torch.rand(1, 3, 32, 32), flow, ratio).square().sum().backward()
    for field in (flow, ratio):
        assert field.grad is not None
        assert field.grad.abs().sum() > 0


def test_it_agrees_with_composing_photos():
    image, flow, ratio = picture(), smooth(2, 2.0, 1), smooth(3, 0.1, 2)
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[2:-2, 2:-2] = 1.0
    nothing = RasterPaint(np.zeros((2, 2, 3), np.float32), SIZE)
    edit = Edit(flow, ratio, np.zeros((HALF, HALF), np.float32), nothing, SIZE)
    photo = compose(image, edit, np.eye(2, 3), mask).astype(float)[8:-8, 8:-8]
    composed = compose_fields(tensor(image) / 255, tensor(flow), tensor(ratio)) * 255
    twin = composed[0].permute(1, 2, 0).clamp(0, 255).numpy()[8:-8, 8:-8]
    changed = np.abs(photo - image[8:-8, 8:-8]).mean()
    # One samples bilinearly, the other bicubically.
    assert np.abs(photo - twin).mean() < 0.15 * changed
    smoothed = cv2.GaussianBlur(photo - twin, (0, 0), 2)
    assert np.abs(smoothed).mean() < 0.05 * changed
