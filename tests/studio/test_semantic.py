import numpy as np
import pytest
from drawn_people import draw_person

from faceedit.faces.topology import FACE_OVAL
from faceedit.studio.matte import face_coordinates
from faceedit.studio.semantic import HEAD_BACK, HEAD_FACE, Region, semantic_mask


@pytest.fixture(scope="module")
def person():
    return draw_person(256, ((0.75, 0.80, 0.85), (0.35, 0.50, 0.30)), (0.85, 0.65, 0.55))


def _label(person, **options):
    return semantic_mask(person.landmarks, person.matte, person.hair, person.skin, **options)


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
    assert labels[-2, 5] == Region.CLOTHES or person.matte[-2, 5] < 0.5


def test_hat_turns_what_looks_like_hair_into_clothes(person):
    labels = _label(person, hat=True)
    crown = (person.hair > 0.5) & (np.arange(256)[:, None] < person.landmarks[10, 1] - 4)
    assert (labels[crown] == Region.CLOTHES).all()


def test_dark_lenses_cover_the_eyes(person):
    skin = person.skin.copy()
    for corner in ((33, 133), (362, 263)):
        x, y = np.round(person.landmarks[list(corner), :2].mean(0)).astype(int)
        skin[y - 16 : y + 28, x - 24 : x + 24] = 0.0
    labels = semantic_mask(person.landmarks, person.matte, person.hair, skin, eyeglasses=True)
    assert _at(labels, person, 468) is Region.EYEGLASSES


def test_head_model_decides_neck_and_ears(person):
    gap, height, aside = face_coordinates(person.landmarks, 256)
    head = np.where(gap < 0.05, HEAD_FACE, 0).astype(np.int32)
    head[(head == 0) & (height < 0) & (aside < 0.2)] = HEAD_BACK
    labels = _label(person, head=head)
    below = (height < -0.05) & (person.matte > 0.5) & (gap > 0.1)
    assert (labels[below & (aside < 0.15)] == Region.NECK).all()
    assert (labels[below & (aside > 0.25)] != Region.NECK).all()
