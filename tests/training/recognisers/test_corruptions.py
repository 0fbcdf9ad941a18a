import numpy as np
import pytest

from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.topology import mean_shape
from faceedit.training.recognisers.corruption_parts import PlainFace
from faceedit.training.recognisers.corruptions import (
    CORRUPTIONS,
    UNTOUCHED,
    WORST,
    combined,
    deviation_of,
)

SIDE = 96


def made_up(seed: int) -> PlainFace:
    """Return a face-like picture: an oval of skin with eyes, a mouth and some texture."""
    rng = np.random.default_rng(seed)
    landmarks = transform_landmarks(mean_shape(), crop_affine(mean_shape(), SIDE))[:, :2]
    picture = np.full((SIDE, SIDE, 3), rng.uniform(0.2, 0.4, 3), np.float32)
    picture[20:90, 22:74] = rng.uniform(0.4, 0.8, 3)
    for x, y in landmarks[[33, 133, 362, 263, 61, 0, 17, 291]].round().astype(int):
        picture[y - 2 : y + 3, x - 3 : x + 4] *= 0.4
    picture += rng.normal(0, 0.03, picture.shape).astype(np.float32)
    return PlainFace(np.clip(picture, 0, 1).astype(np.float32), landmarks)


@pytest.fixture(scope="module")
def faces():
    return made_up(0), made_up(1)


@pytest.mark.parametrize("kind", CORRUPTIONS, ids=lambda kind: kind.name)
def test_the_worse_the_severity_the_further_from_the_photo(kind, faces):
    face, donor = faces
    before = face.picture.copy()
    distances = []
    for severity in (0.0, 0.35, 0.7, 1.0):
        made = [kind(face, donor, severity, seed) for seed in range(6)]
        assert all(m.shape == before.shape and m.dtype == np.float32 for m in made)
        assert all(0 <= m.min() <= m.max() <= 1 for m in made)
        distances.append(np.mean([np.abs(m - before).mean() for m in made]))
    assert distances[0] == pytest.approx(0, abs=1e-4)
    assert distances == sorted(distances)
    assert distances[-1] > 0.003
    np.testing.assert_array_equal(face.picture, before)


@pytest.mark.parametrize("kind", CORRUPTIONS, ids=lambda kind: kind.name)
def test_a_seed_is_a_fault(kind, faces):
    np.testing.assert_array_equal(kind(*faces, 0.6, 3), kind(*faces, 0.6, 3))


@pytest.mark.parametrize("kind", CORRUPTIONS, ids=lambda kind: kind.name)
def test_grey_photos_can_be_damaged(kind, faces):
    grey = [
        PlainFace(np.repeat(f.picture.mean(-1, keepdims=True), 3, 2), f.landmarks) for f in faces
    ]
    assert np.abs(kind(*grey, 1.0, 1) - grey[0].picture).max() > 0.02


def test_some_kinds_are_kept_from_training():
    held_out = {kind.name for kind in CORRUPTIONS if kind.held_out}
    assert 5 <= len(held_out) < len(CORRUPTIONS) - 5
    assert len({kind.name for kind in CORRUPTIONS}) == len(CORRUPTIONS)


def test_ratings_fall_with_severity():
    for kind in CORRUPTIONS:
        assert kind.rating(0) == UNTOUCHED
        assert WORST <= kind.rating(1) == kind.lowest < kind.rating(0.5) < UNTOUCHED


def test_people_disagree_most_in_the_middle():
    low, middle, high = deviation_of(np.array([WORST, 5, UNTOUCHED]))
    assert low == high < middle


def test_two_faults_are_worse_than_either():
    assert combined(UNTOUCHED, 6) == pytest.approx(6)
    assert WORST < combined(5, 4) < 4
    assert combined(WORST, 4) == pytest.approx(WORST)
