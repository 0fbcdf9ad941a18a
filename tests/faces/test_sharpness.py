import cv2
import numpy as np
import pytest
import skimage.data
from edits import astronaut_landmarks

from faceedit.faces.sharpness import HALF_CONTRAST, RISE, face_sharpness


@pytest.fixture(scope="module")
def portrait():
    return skimage.data.astronaut(), astronaut_landmarks()


def drawn_face(blur):
    """A face of flat tones with hard edges in fourfold detail, blurred: pixels and landmarks."""
    landmarks = astronaut_landmarks()
    landmarks = (landmarks - landmarks.min(0)) * 2 + 20
    rng = np.random.default_rng(0)
    big = np.full((1120, 960), 150, np.uint8)
    for _ in range(60):
        corners = rng.integers(0, 960, 2) + rng.integers(-160, 160, (3, 2))
        cv2.fillPoly(big, [corners.astype(np.int32)], int(rng.integers(40, 250)))
    smooth = cv2.GaussianBlur(big.astype(np.float32), (0, 0), 4 * blur)
    grey = cv2.resize(smooth, (240, 280), interpolation=cv2.INTER_AREA)
    return np.repeat(grey[..., None], 3, 2).round().astype(np.uint8), landmarks


@pytest.mark.parametrize("blur", [0.8, 1.5, 2.5, 4.0])
def test_the_width_of_known_edges_is_found(blur):
    assert face_sharpness(*drawn_face(blur)).edge_width == pytest.approx(RISE * blur, rel=0.2)


def test_blur_widens_edges_and_takes_lines_away(portrait):
    pixels, landmarks = portrait
    found = [face_sharpness(pixels, landmarks)]
    for blur in (0.5, 1, 1.5, 2, 3, 4, 6):
        found.append(face_sharpness(cv2.GaussianBlur(pixels, (0, 0), blur), landmarks))
    assert np.all(np.diff([one.edge_width for one in found]) > 0)
    assert np.all(np.diff([one.lines for one in found]) < 0)
    # Blurs add as squares do.
    expected = np.hypot(found[0].edge_width, RISE * 4)
    assert found[-2].edge_width == pytest.approx(expected, rel=0.25)


def test_more_pixels_are_not_more_detail(portrait):
    pixels, landmarks = portrait
    soft = cv2.GaussianBlur(pixels, (0, 0), 3)
    half = cv2.resize(soft, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    whole = face_sharpness(soft, landmarks)
    small = face_sharpness(half, (landmarks + 0.5) / 2 - 0.5)
    assert small.edge_width == pytest.approx(whole.edge_width / 2, rel=0.1)
    assert small.lines == pytest.approx(whole.lines, rel=0.1)


def test_neither_contrast_nor_depth_nor_noise_nor_the_background_matters(portrait):
    pixels, landmarks = portrait
    found = face_sharpness(pixels, landmarks).edge_width
    flat = (pixels * 0.5 + 60).astype(np.uint8)
    assert face_sharpness(flat, landmarks).edge_width == pytest.approx(found, rel=0.03)
    deep = pixels.astype(np.uint16) * 257
    assert face_sharpness(deep, landmarks).edge_width == pytest.approx(found, rel=1e-4)
    noise = np.random.default_rng(0).normal(0, 3, pixels.shape)
    grainy = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    assert face_sharpness(grainy, landmarks).edge_width == pytest.approx(found, rel=0.1)
    other = cv2.GaussianBlur(pixels, (0, 0), 5)
    left, top = landmarks[:, :2].min(0).astype(int) - 20
    right, bottom = landmarks[:, :2].max(0).astype(int) + 20
    other[top:bottom, left:right] = pixels[top:bottom, left:right]
    assert face_sharpness(other, landmarks).edge_width == pytest.approx(found, rel=1e-6)


def test_limits(portrait):
    pixels, landmarks = portrait
    blank = face_sharpness(np.full_like(pixels, 90), landmarks)
    assert np.isfinite([blank.edge_width, blank.lines]).all()
    outside = face_sharpness(pixels, landmarks + 5000)
    assert np.isfinite([outside.edge_width, outside.lines]).all()
    checks = 255 * np.kron(np.indices((256, 256)).sum(0) % 2, np.ones((2, 2)))
    sharp = face_sharpness(np.dstack([checks] * 3).astype(np.uint8), landmarks)
    height = np.linalg.norm(landmarks[10, :2] - landmarks[152, :2])
    assert sharp.edge_width >= 0.75
    assert sharp.lines <= height
    assert 0.18 < HALF_CONTRAST < 0.19
