"""Landmarks that a face is to have."""

import numpy as np
import pytest

import faceedit
from faceedit.compose.edit import Edit
from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.errors import UsageError
from faceedit.faces.align import extract_crop, invert, transform_landmarks
from faceedit.faces.topology import eye_distance
from faceedit.methods.eggan.follow import least_shares
from faceedit.targets import Landmarks, Target, parse_target


@pytest.fixture(scope="module")
def networks():
    return EditNetworks(EditSettings(parse_target("neutral:0")))


@pytest.fixture(scope="module")
def wanted(networks, finder, astronaut):
    """Where a dropped jaw would put the astronaut's landmarks, in pixels of the photo."""
    target = parse_target("au=26+3,25+2")
    face = finder.find(astronaut)[0]
    crop = extract_crop(astronaut, face.landmarks, 256)
    (edit,) = networks.editor(target).steps[0].method.edit([crop], target)
    assert isinstance(edit, Edit) and edit.landmarks is not None
    return transform_landmarks(edit.landmarks, invert(crop.affine))


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_a_face_gets_the_landmarks_that_are_asked_for(
    networks, finder, astronaut, wanted, strength
):
    target = Target((Landmarks.of(wanted, strength),))
    done = networks.editor(target).edit_pixels(astronaut, target)
    before, after = (finder.find(one)[0].landmarks for one in (astronaut, done.pixels))
    gaps = np.linalg.norm(wanted - before, axis=1) / eye_distance(before)
    goal = before + strength * (wanted - before)
    off = np.linalg.norm((after - goal)[:, :2], axis=1) / eye_distance(before)
    assert off[gaps > 0.03].mean() < 0.03 < 0.08 < gaps[gaps > 0.03].mean()


def test_landmarks_of_nobody_change_nothing(networks, astronaut, wanted):
    target = parse_target(wanted + np.float32(120))
    done = networks.editor(target).edit_pixels(astronaut, target)
    assert np.array_equal(done.pixels, astronaut)


def test_an_array_is_a_target(astronaut, wanted):
    made = faceedit.edit(astronaut, wanted)
    assert made.shape == astronaut.shape
    assert (made != astronaut).any()


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((477, 2)), np.zeros((478, 4)), np.zeros(478), np.full((478, 2), np.nan)],
    ids=["few", "wide", "flat", "nan"],
)
def test_what_are_no_landmarks_is_refused(wrong):
    with pytest.raises(UsageError, match="landmarks are an array of 478 points"):
        parse_target(wrong)


def test_landmarks_exclude_what_they_say():
    term = Landmarks.of(np.zeros((478, 2)))
    with pytest.raises(UsageError, match="landmarks say the expression"):
        Target((term, *parse_target("happy").terms))
    with pytest.raises(UsageError, match="landmarks are an array"):
        parse_target(str(Target((term,))))


def test_movements_are_shared_out():
    moves = np.array([[1.0, 0, 0], [0, 2.0, 0], [-1.0, 0, 0]])
    shares = least_shares(moves, 0.5 * moves[0] + 0.25 * moves[1])
    np.testing.assert_allclose(shares, [0.5, 0.25, 0], atol=0.02)
