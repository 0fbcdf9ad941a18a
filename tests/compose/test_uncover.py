import cv2
import numpy as np

from faceedit.compose.canvas import Canvas
from faceedit.compose.eyewear.uncover import Uncovered

SIZE, SKIN = 64, np.array([0.7, 0.5, 0.4], np.float32)


def worn():
    """Return skin with pores, where a frame lies over it, and the picture of both."""
    pores = np.random.default_rng(0).normal(0, 0.005, (SIZE, SIZE, 1)).astype(np.float32)
    ring = cv2.circle(np.zeros((SIZE, SIZE), np.uint8), (32, 32), 18, 1, 2) > 0
    bare = np.clip(SKIN + pores, 0, 1)
    return bare, ring, np.where(ring[..., None], np.float32(0.05), bare)


def uncovered(ring, strength=1.0):
    opacity = cv2.GaussianBlur(cv2.dilate(ring.astype(np.float32), np.ones((7, 7))), (0, 0), 1)
    paint = np.broadcast_to(SKIN, (SIZE, SIZE, 3)).astype(np.float32)
    nothing = np.zeros((SIZE, SIZE, 3), np.float32)
    return Uncovered(opacity, paint, nothing, SIZE, 40.0, strength=strength)


def drawn(detail, pixels):
    canvas = Canvas(
        pixels, np.zeros((SIZE, SIZE, 2), np.float32), np.ones_like(pixels), np.eye(2, 3)
    )
    result = pixels.copy()
    for patch in detail.draw(canvas):
        result[patch.box] += patch.opacity[..., None] * (patch.paint - result[patch.box])
    return result


def test_frames_go_and_skin_beside_them_keeps_its_pores():
    bare, ring, picture = worn()
    result = drawn(uncovered(ring), picture)
    assert np.abs(result - bare)[ring].max() < 0.06
    beside = ~(cv2.dilate(ring.astype(np.uint8), np.ones((7, 7))) > 0)
    np.testing.assert_allclose(result[beside], picture[beside], atol=2e-3)


def test_none_of_it_is_the_picture_and_half_lies_between():
    _, ring, picture = worn()
    np.testing.assert_array_equal(drawn(uncovered(ring, 0.0), picture), picture)
    half, whole = (drawn(uncovered(ring, one), picture)[ring].mean() for one in (0.5, 1.0))
    assert picture[ring].mean() + 0.1 < half < whole - 0.1
