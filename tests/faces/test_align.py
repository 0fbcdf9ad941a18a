import cv2
import numpy as np
import pytest
from edits import astronaut_landmarks, enlarged, offset, rot90_points
from face_networks import astronaut

from faceedit.faces.align import (
    BLANK,
    TEMPLATE,
    crop_affine,
    extract_crop,
    invert,
    on_photo,
    similarity,
    transform_landmarks,
)

NEAR_TOP_LEFT = np.array([-190.0, -75.0])
"""Moves the astronaut's face to the photo's top left corner and partly beyond it."""


def moved(landmarks, scale=1.0, turn=0.0, shift=(0.0, 0.0)):
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    return transform_landmarks(landmarks, np.array([[c, -s, shift[0]], [s, c, shift[1]]]))


def reflected(image, landmarks, size, pad):
    """The crop out of a photo that numpy has padded by reflection."""
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    return extract_crop(padded, landmarks + offset(pad, pad), size)


def test_similarity_is_found_again():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(5, 2)) * 100
    affine = np.array([[0.6, -0.8, 12.0], [0.8, 0.6, -7.0]]) * 1.7
    target = points @ affine[:, :2].T + affine[:, 2]
    np.testing.assert_allclose(similarity(points, target), affine, atol=1e-10)


def test_similarity_has_one_scale_and_no_mirror():
    rng = np.random.default_rng(1)
    affine = similarity(rng.normal(size=(6, 2)), rng.normal(size=(6, 2)))
    assert affine[0, 0] == affine[1, 1]
    assert affine[0, 1] == -affine[1, 0]
    mirrored = similarity(np.eye(3, 2), np.eye(3, 2) * [-1, 1])
    assert np.linalg.det(mirrored[:, :2]) >= 0


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_the_inverse_is_exact(scale):
    affine = np.array([[0.3, -0.9, 1234.5], [0.9, 0.3, -987.0]]) * scale
    there = np.vstack([affine, [0, 0, 1]])
    back = np.vstack([invert(affine), [0, 0, 1]])
    np.testing.assert_allclose(back @ there, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(there @ back, np.eye(3), atol=1e-9)


@pytest.mark.parametrize("turn", np.deg2rad([0, 20, -45, 90, 180]))
@pytest.mark.parametrize("scale", [0.4, 1.0, 6.0])
def test_roll_scale_and_place_leave_the_crop_as_it_is(turn, scale):
    landmarks = astronaut_landmarks()
    expected = transform_landmarks(landmarks, crop_affine(landmarks, 256))
    other = moved(landmarks, scale, turn, (300, -40))
    found = transform_landmarks(other, crop_affine(other, 256))
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_eyes_and_mouth_lie_on_the_template():
    landmarks = astronaut_landmarks()
    for size in (64, 256):
        points = extract_crop(astronaut(), landmarks, size).landmarks[:, :2]
        eyes = points[[33, 133]].mean(0), points[[362, 263]].mean(0)
        np.testing.assert_allclose(eyes, TEMPLATE[:2] * size - 0.5, atol=0.03 * size)
        np.testing.assert_allclose(points[[61, 291]].mean(0), TEMPLATE[2] * size - 0.5,
                                   atol=0.03 * size)  # fmt: skip


def test_landmarks_and_pixels_go_through_the_same_transform():
    ramp = np.zeros((400, 500, 3), np.float32)
    rows, columns = np.mgrid[:400, :500]
    ramp[..., 0], ramp[..., 1] = columns / 500, rows / 400
    # A ramp survives interpolation and filtering alike.
    for scale in (0.7, 1.5, 3.5):
        landmarks = moved(astronaut_landmarks(), scale, 0.3, (0, 0))
        landmarks[:, :2] += (250, 200) - landmarks[4, :2]
        crop = extract_crop(ramp, landmarks, 96)
        for index in (4, 33, 291):
            x, y = np.rint(crop.landmarks[index, :2]).astype(int)
            back = invert(crop.affine) @ [x, y, 1]
            np.testing.assert_allclose(crop.pixels[y, x, :2] * [500, 400], back, atol=0.6)


@pytest.mark.parametrize("size", [512, 256, 128])
def test_padding_is_numpys_reflection(size):
    landmarks = astronaut_landmarks() + offset(*NEAR_TOP_LEFT)
    crop = extract_crop(astronaut(), landmarks, size)
    assert (invert(crop.affine) @ [0, 0, 1]).min() < -20
    expected = reflected(astronaut(), landmarks, size, 200)
    np.testing.assert_allclose(crop.pixels, expected.pixels, atol=0.01)
    np.testing.assert_allclose(crop.landmarks, expected.landmarks, atol=1e-3)


def test_padding_of_a_photo_much_finer_than_the_crop():
    image, landmarks = enlarged(4)
    landmarks = landmarks + offset(-250, 250)
    crop = extract_crop(image, landmarks, 64)
    expected = reflected(image, landmarks, 64, 600)
    # Half a pixel of the crop more or less at the reflection would be 0.02.
    assert np.abs(crop.pixels - expected.pixels).mean() < 0.012


def test_padding_wider_than_the_photo():
    image = astronaut()[60:140, 180:260]
    landmarks = astronaut_landmarks() - offset(180, 60)
    crop = extract_crop(image, landmarks, 256)
    expected = reflected(image, landmarks, 256, 300)
    np.testing.assert_allclose(crop.pixels, expected.pixels, atol=0.01)


def test_what_lies_around_is_blank_beyond_the_photo():
    image, landmarks = astronaut(), astronaut_landmarks() + offset(*NEAR_TOP_LEFT)
    wide = extract_crop(image, landmarks, 128, wide=True).wide
    on = on_photo(wide.affine, 256, image.shape)
    assert 0.2 < on.mean() < 0.9
    assert (wide.pixels[~on] == BLANK).all()
    narrow = extract_crop(image, landmarks, 128).pixels
    inner = on[64:192, 64:192]
    np.testing.assert_allclose(wide.pixels[64:192, 64:192][inner], narrow[inner], atol=0.005)


def test_every_depth_gives_the_same_crop():
    landmarks = astronaut_landmarks()
    expected = extract_crop(astronaut(), landmarks, 256)
    assert expected.pixels.dtype == np.float32
    assert expected.pixels.shape == (256, 256, 3)
    for image in (astronaut().astype(np.uint16) * 257, astronaut().astype(np.float32) / 255):
        crop = extract_crop(image, landmarks, 256)
        np.testing.assert_allclose(crop.pixels, expected.pixels, atol=0.004)


@pytest.mark.parametrize("size", [48, 96, 160, 300])
def test_a_turned_photo_gives_the_same_crop(size):
    image, landmarks = enlarged(2)
    image = cv2.GaussianBlur(image, (0, 0), 2)
    expected = extract_crop(image, landmarks, size)
    turned = extract_crop(np.rot90(image), rot90_points(landmarks, image.shape[1]), size)
    assert np.abs(turned.pixels - expected.pixels).mean() < 0.004


def test_a_fine_pattern_does_not_alias():
    image, landmarks = enlarged(6)
    checks = ((np.indices(image.shape[:2]).sum(0) % 2) * 255).astype(np.uint8)
    crop = extract_crop(np.dstack([checks] * 3), landmarks, 128)
    assert np.abs(crop.pixels[16:-16, 16:-16] - 0.5).max() < 0.06


@pytest.mark.parametrize("shift", [(-600, 0), (0, 900), (700, 700)])
def test_landmarks_outside_the_photo_still_give_a_crop(shift):
    crop = extract_crop(astronaut(), astronaut_landmarks() + offset(*shift), 64)
    assert crop.pixels.shape == (64, 64, 3)
    assert np.isfinite(crop.pixels).all()
