"""The nearer look: which face it is, which way up, and what the border cuts."""

from dataclasses import replace

import numpy as np
import pytest
from face_networks import astronaut, finder

from faceedit.faces.find.confirm import confirmed
from faceedit.faces.find.lockstep import alone
from faceedit.faces.find.mesh import region_of_landmarks
from faceedit.faces.find.nearer import are_upright, look_nearer
from faceedit.faces.find.search import propose
from faceedit.faces.find.view import Looks, View


@pytest.fixture(scope="module")
def networks():
    return finder().networks


@pytest.fixture(scope="module")
def face():
    (found,) = finder().find(astronaut())
    return found


def test_a_part_of_a_face_is_not_the_face(networks, face):
    whole = region_of_landmarks(face.landmarks)
    x, y = whole.centre
    below = replace(whole, centre=(x, y + 0.1 * whole.side), side=0.6 * whole.side)
    beside = replace(whole, centre=(x - 0.15 * whole.side, y), side=0.6 * whole.side)
    score, *parts = alone(look_nearer(networks.short, astronaut(), [whole, below, beside]))
    assert score > 0.9
    assert parts == [0, 0]


@pytest.mark.parametrize("cut", ["all round", "top and left"])
def test_the_border_lowers_no_score(networks, face, cut):
    left, top, right, bottom = (round(side) for side in face.box)
    width, height = right - left, bottom - top
    x, y = left + width // 8, top + height // 6
    until = np.s_[: bottom - height // 8, : right - width // 8]
    if cut == "top and left":
        x, y, until = left + width // 4, top + height // 5, np.s_[:, :]
    part = np.ascontiguousarray(astronaut()[until][y:, x:])
    region = region_of_landmarks(face.landmarks - [x, y, 0])
    assert alone(look_nearer(networks.short, part, [region]))[0] > 0.75


def test_which_way_up_a_face_is(networks, face):
    upright = region_of_landmarks(face.landmarks)
    turned = [replace(upright, angle=upright.angle + turn * np.pi / 2) for turn in range(4)]
    asked = are_upright(networks.short, astronaut(), turned, np.deg2rad(30))
    assert alone(asked) == [True, False, False, False]


@pytest.mark.parametrize("turn", [[[-1, 0], [0, -1]], [[0, 1], [-1, 0]]])
def test_a_face_that_is_read_the_wrong_way_up_is_none(networks, turn):
    looks, whole = Looks(astronaut()), View.whole(astronaut())
    (seen,) = alone(propose(networks.short, looks, [whole]))
    assert len(alone(confirmed(networks, astronaut(), [seen], 0.5))) == 1
    centre = seen.box.reshape(2, 2).mean(0)
    misread = replace(seen, keypoints=(seen.keypoints - centre) @ np.array(turn) + centre)
    assert alone(confirmed(networks, astronaut(), [misread], 0.5)) == []
