import cv2
import numpy as np
import pytest
from drawn_people import EYE_DISTANCES, draw_person, draw_spectacles

from faceedit.studio.eyewear import ANGLES, draw_lenses, find_lenses, is_dark
from faceedit.studio.matte import skin_likeness

BACKGROUND = ((0.75, 0.80, 0.85), (0.35, 0.50, 0.30))


@pytest.fixture(scope="module")
def person():
    return draw_person(256, BACKGROUND, (0.85, 0.65, 0.55))


def _found(person, pixels):
    skin = skin_likeness(pixels, person.landmarks)
    return find_lenses(pixels, person.landmarks, skin), skin


@pytest.mark.parametrize("glass", [None, (0.08, 0.08, 0.1)])
def test_lenses_follow_their_rims(person, glass):
    pixels, rims = draw_spectacles(person, glass=glass)
    lenses, skin = _found(person, pixels)
    for lens, rim in zip(lenses, rims, strict=True):
        away = np.linalg.norm(lens[:, None] - rim, axis=2).min(1)
        # Curves go along steps of 0.01 eye distances, outside or inside of the frame.
        assert np.median(away) < 0.04 * 256 / EYE_DISTANCES
        assert is_dark(lens, person.landmarks, skin) == (glass is not None)


def test_curves_are_closed_and_near_to_lenses_even_where_there_are_none(person):
    lenses, _ = _found(person, person.pixels)
    for lens in lenses:
        steps = np.linalg.norm(lens - np.roll(lens, 1, 0), axis=1)
        for seam in (0, ANGLES // 2):
            assert steps[seam] < 2 * np.percentile(np.delete(steps, seam), 95)
        area = cv2.contourArea(lens.astype(np.float32)) / (256 / EYE_DISTANCES) ** 2
        assert 0.06 < area < 0.6


def test_drawn_lenses_are_joined_by_a_bridge(person):
    _, rims = draw_spectacles(person)
    drawn = draw_lenses(list(rims), 256)
    assert drawn.shape == (256, 256) and drawn.dtype == bool
    count, _ = cv2.connectedComponents(drawn.astype(np.uint8))
    assert count == 2
    for rim in rims:
        x, y = np.rint(rim.mean(0)).astype(int)
        assert drawn[y, x]


def test_spectacles_turn_with_the_face(person):
    pixels, _ = draw_spectacles(person)
    turn = cv2.getRotationMatrix2D((127.5, 127.5), 8, 1)
    turned = cv2.warpAffine(pixels, turn, (256, 256), borderMode=cv2.BORDER_REPLICATE)
    landmarks = person.landmarks.copy()
    landmarks[:, :2] = landmarks[:, :2] @ turn[:, :2].T + turn[:, 2]
    straight, _ = _found(person, pixels)
    after = find_lenses(turned, landmarks, skin_likeness(turned, landmarks))
    for a, b in zip(straight, after, strict=True):
        moved = a @ turn[:, :2].T + turn[:, 2]
        away = np.linalg.norm(moved[:, None] - b, axis=2).min(1)
        assert np.median(away) < 0.02 * 256 / EYE_DISTANCES
