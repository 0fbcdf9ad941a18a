import numpy as np
import pytest
from drawn_people import draw_person, draw_spectacles, zones_of

from faceedit.faces.topology import FACE_OVAL, LOWER_INNER_LIP
from faceedit.regions import Region
from faceedit.studio.head import Zone
from faceedit.studio.matte import face_coordinates
from faceedit.studio.parts import Segment
from faceedit.studio.semantic import semantic_mask


@pytest.fixture(scope="module")
def person():
    return draw_person(256, ((0.75, 0.80, 0.85), (0.35, 0.50, 0.30)), (0.85, 0.65, 0.55))


def _stuff(person):
    segments = np.full(person.matte.shape, Segment.CLOTHES, np.uint8)
    segments[person.skin > 0.5] = Segment.FLESH
    segments[person.hair > 0.5] = Segment.HAIR
    segments[person.matte < 0.5] = Segment.BACKGROUND
    return segments


def _label(person, **options):
    return semantic_mask(person.landmarks, _stuff(person), zones_of(person), **options)


def _at(labels, person, point):
    x, y = np.round(person.landmarks[point, :2]).astype(int)
    return Region(labels[y, x])


def test_landmarks_lie_in_their_regions(person):
    labels = _label(person)
    assert labels.shape == (256, 256)
    assert labels.dtype == np.uint8
    assert _at(labels, person, 4) is Region.NOSE
    assert _at(labels, person, 468) is Region.EYES
    assert _at(labels, person, 50) is Region.SKIN
    assert {Region.BROWS, Region.LIPS, Region.NECK, Region.HAIR} <= set(np.unique(labels))
    assert Region.EYEGLASSES not in labels


def test_background_and_clothes_and_neck(person):
    labels = _label(person)
    outside = (person.matte < 0.5) & (face_coordinates(person.landmarks, 256)[0] > 0.02)
    assert (labels[outside] == Region.BACKGROUND).all()
    chin = int(person.landmarks[152, 1])
    middle = int(person.landmarks[list(FACE_OVAL), 0].mean())
    assert labels[chin + 8, middle] == Region.NECK
    assert labels[-2, middle + 90] == Region.CLOTHES


def test_flesh_is_ear_where_the_head_has_one_and_hair_covers_it(person):
    zones, segments = zones_of(person), _stuff(person)
    ears = zones == Zone.EAR
    assert ears.any()
    labels = semantic_mask(person.landmarks, np.where(ears, Segment.HAIR, segments), zones)
    assert Region.EARS not in labels
    labels = semantic_mask(person.landmarks, np.where(ears, Segment.FLESH, segments), zones)
    assert (labels[ears] == Region.EARS).mean() > 0.9


def test_fringes_hide_brows_and_never_eyes(person):
    segments = _stuff(person)
    segments[: int(person.landmarks[468, 1]) + 3] = Segment.HAIR
    labels = semantic_mask(person.landmarks, segments, zones_of(person))
    assert Region.BROWS not in labels
    assert _at(labels, person, 468) is Region.EYES


def test_dark_lenses_cover_the_eyes_and_clear_ones_lie_under_them(person):
    _, rims = draw_spectacles(person)
    clear = _label(person, lenses=list(rims))
    assert _at(clear, person, 468) is Region.EYES
    x, y = np.round(rims[0].mean(0) + np.array([0, 12])).astype(int)
    assert clear[y, x] == Region.EYEGLASSES
    one = _label(person, lenses=list(rims), dark=(True, False))
    assert _at(one, person, 468) is Region.EYEGLASSES
    assert _at(one, person, 473) is Region.EYES


def test_closed_lips_show_no_mouth(person):
    assert Region.MOUTH not in _label(person)
    lower = person.landmarks.copy()
    lower[list(LOWER_INNER_LIP), 1] += 6
    opened = semantic_mask(lower, _stuff(person), zones_of(person))
    assert (opened == Region.MOUTH).sum() > 30
