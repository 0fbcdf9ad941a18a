import cv2
import numpy as np
import pytest
from drawn_people import EYE_DISTANCES, draw_person, mesh

from faceedit.studio.matte import (
    face_coordinates,
    person_matte,
    skin_likeness,
)


def _overlap(found, truth):
    found, truth = found > 0.5, truth > 0.5
    return (found & truth).sum() / (found | truth).sum()


BACKGROUNDS = [
    ((0.75, 0.80, 0.85), (0.35, 0.50, 0.30)),
    ((0.10, 0.15, 0.40), (0.55, 0.50, 0.10)),
]


@pytest.mark.parametrize("size", [128, 256])
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("tone", [(0.85, 0.65, 0.55), (0.38, 0.25, 0.18)])
def test_drawn_person_is_found(size, background, tone):
    person = draw_person(size, background, tone)
    matte = person_matte(person.pixels, person.landmarks, np.ones((size, size), bool))
    assert matte.shape == (size, size)
    assert matte.dtype == np.float32
    assert matte.min() >= 0.0
    assert matte.max() <= 1.0
    assert _overlap(matte, person.matte) > 0.9


def test_skin_is_likelier_than_hair_and_background():
    person = draw_person(256, BACKGROUNDS[0], (0.85, 0.65, 0.55))
    likeness = skin_likeness(person.pixels, person.landmarks)
    assert likeness.shape == (256, 256)
    assert likeness[person.skin > 0.5].mean() > 0.85
    assert likeness[person.hair > 0.5].mean() < 0.15
    assert likeness[person.matte < 0.5].mean() < 0.05


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_picture_of_one_colour_gives_a_smooth_matte(value):
    size = 128
    pixels = np.full((size, size, 3), value, np.float32)
    landmarks = mesh(size)
    matte = person_matte(pixels, landmarks, np.zeros((size, size), bool))
    skin = skin_likeness(pixels, landmarks)
    for field in (matte, skin):
        assert np.isfinite(field).all()
        assert field.min() >= 0.0
        assert field.max() <= 1.0
    assert matte[size // 2, size // 2] == 1.0
    assert matte[0, 0] < 0.2
    assert np.abs(np.diff(matte, axis=1)).max() < 0.35


def test_twice_is_the_same():
    person = draw_person(128, BACKGROUNDS[0], (0.85, 0.65, 0.55))
    valid = np.ones((128, 128), bool)
    first = person_matte(person.pixels, person.landmarks, valid)
    cv2.setRNGSeed(7)
    np.testing.assert_array_equal(first, person_matte(person.pixels, person.landmarks, valid))


def test_coordinates_are_zero_on_the_outline_and_grow_outwards():
    landmarks = mesh(128)
    gap, height, aside = face_coordinates(landmarks, 128)
    chin = np.round(landmarks[152, :2]).astype(int)
    assert abs(gap[chin[1], chin[0]]) < 0.06
    assert abs(height[chin[1], chin[0]]) < 0.02
    assert gap[64, 64] < -0.3
    assert gap[0, 0] > 0.3
    assert aside.max() < 0.75 * EYE_DISTANCES


def test_face_outside_the_crop_does_not_fail():
    size = 96
    landmarks = mesh(size) + np.array([400.0, 0.0, 0.0], np.float32)
    pixels = np.random.default_rng(0).random((size, size, 3)).astype(np.float32)
    matte = person_matte(pixels, landmarks, np.ones((size, size), bool))
    assert np.isfinite(matte).all()
