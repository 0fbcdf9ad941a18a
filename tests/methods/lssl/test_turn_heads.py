"""lssl on a real face, with the weights that ship: it turns as far as it was asked to."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.errors import TurnError, WeightsError
from faceedit.faces.pose import head_pose
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL
from faceedit.methods.lssl.method import load
from faceedit.registry import Registry, packaged_weights
from faceedit.targets import parse_target

ANY = parse_target("turn=yaw=1")


@pytest.fixture(scope="module")
def networks():
    return EditNetworks(EditSettings(ANY))


@pytest.fixture(scope="module")
def turn(networks, astronaut):
    def make(text, pixels=astronaut):
        target = parse_target(f"turn={text}")
        return networks.editor(target).edit_pixels(pixels, target)

    return make


def pose_of(finder, pixels):
    return head_pose(finder.find(pixels)[0].landmarks)


@pytest.mark.parametrize("degrees", [-15, 12])
def test_a_head_turns_by_what_was_asked(turn, finder, astronaut, degrees):
    before = pose_of(finder, astronaut)
    after = pose_of(finder, turn(f"yaw={degrees}").pixels)
    assert after.yaw - before.yaw == pytest.approx(degrees, abs=4)
    assert after.pitch == pytest.approx(before.pitch, abs=4)


def test_a_head_is_straightened(turn, finder, astronaut):
    straight = pose_of(finder, turn("to=0,level").pixels)
    assert abs(straight.yaw) < 4
    assert abs(straight.roll) < 3


def test_nothing_is_changed_by_nothing(turn, astronaut):
    assert np.array_equal(turn("yaw=0").pixels, astronaut)
    assert np.array_equal(turn("yaw=20:0").pixels, astronaut)


def test_turned_and_turned_back(turn, finder, astronaut):
    back = turn("yaw=-10", turn("yaw=10").pixels).pixels
    points = finder.find(astronaut)[0].landmarks
    oval = points[list(FACE_OVAL), :2]
    inner = oval.mean(0) + 0.8 * (oval - oval.mean(0))
    face = fill_polygon(inner, astronaut.shape[:2]) > 0.5
    assert np.abs(back.astype(int) - astronaut)[face].mean() < 8


def test_eyes_turn_along_only_where_that_is_wanted(turn):
    on, along = turn("yaw=15").pixels, turn("yaw=15,gaze=keep").pixels
    changed = np.abs(on.astype(int) - along).max(-1) > 8
    assert 0 < changed.mean() < 0.01


def test_a_photo_that_needs_too_much_is_refused(astronaut):
    target = parse_target("turn=yaw=20")
    editor = EditNetworks(EditSettings(target, max_turn=15)).editor(target)
    with pytest.raises(TurnError, match="turned by 20 degrees; --max-turn allows 15"):
        editor.edit_pixels(astronaut, target)
    assert (editor.edit_pixels(astronaut, target.scaled(0.5)).pixels != astronaut).any()


def test_only_its_own_profiles_are_read():
    checkpoint = Registry.load([packaged_weights()]).open_method("lssl")
    with pytest.raises(WeightsError, match="fast profile, not odd"):
        load(replace(checkpoint, profile="odd"), torch.device("cpu"))
