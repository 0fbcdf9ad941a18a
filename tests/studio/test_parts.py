import cv2
import numpy as np
import pytest
from drawn_people import draw_person, mesh, zones_of

from faceedit.studio.matte import face_coordinates, person_matte, skin_likeness
from faceedit.studio.parts import Segment, find_segments

BACKGROUND = ((0.75, 0.80, 0.85), (0.35, 0.50, 0.30))


def _find(person, **options):
    size = len(person.pixels)
    valid = np.ones((size, size), bool)
    matte = person_matte(person.pixels, person.landmarks, valid)
    skin = skin_likeness(person.pixels, person.landmarks)
    return find_segments(
        person.pixels, person.landmarks, matte, skin, zones_of(person), valid, **options
    )


def _overlap(found, truth):
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize("tone", [(0.85, 0.65, 0.55), (0.45, 0.30, 0.22)])
@pytest.mark.parametrize("size", [160, 256])
def test_parts_of_a_drawn_person_are_found(tone, size):
    person = draw_person(size, BACKGROUND, tone)
    found = _find(person)
    assert found.shape == (size, size) and found.dtype == np.uint8
    assert _overlap(found == Segment.BACKGROUND, person.matte < 0.5) > 0.9
    assert _overlap(found == Segment.HAIR, person.hair > 0.5) > 0.75
    assert _overlap(found == Segment.FLESH, person.skin > 0.5) > 0.85
    clothes = (person.matte > 0.5) & (person.hair < 0.5) & (person.skin < 0.5)
    assert _overlap(found == Segment.CLOTHES, clothes) > 0.7


def test_bald_heads_have_no_hair():
    person = draw_person(256, BACKGROUND, (0.85, 0.65, 0.55), hair=None)
    assert (_find(person) == Segment.HAIR).mean() < 0.02


def test_hats_are_clothes():
    person = draw_person(256, BACKGROUND, (0.85, 0.65, 0.55))
    _, height, _ = face_coordinates(person.landmarks, 256)
    crown = (person.hair > 0.5) & (height > 1.05)
    assert (_find(person)[crown] == Segment.HAIR).mean() > 0.9
    assert (_find(person, hat=True)[crown] == Segment.CLOTHES).mean() > 0.9


def test_the_middle_of_the_face_is_flesh_whatever_the_picture_is():
    pixels = np.random.default_rng(0).random((96, 96, 3), np.float32)
    person = draw_person(96, BACKGROUND, (0.8, 0.6, 0.5))._replace(pixels=pixels)
    gap, height, _ = face_coordinates(person.landmarks, 96)
    assert (_find(person)[(gap < -0.15) & (height < 0.6)] == Segment.FLESH).all()
    nothing = np.zeros((96, 96), np.float32)
    away = mesh(96) + np.array([400.0, 0.0, 0.0], np.float32)
    zones, valid = np.zeros((96, 96), np.uint8), np.ones((96, 96), bool)
    found = find_segments(pixels, away, nothing, nothing, zones, valid)
    assert (found == Segment.BACKGROUND).all()


def test_twice_is_the_same():
    person = draw_person(128, BACKGROUND, (0.85, 0.65, 0.55))
    first = _find(person)
    cv2.setRNGSeed(7)
    np.testing.assert_array_equal(first, _find(person))
