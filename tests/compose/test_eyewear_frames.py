from dataclasses import replace

import numpy as np
import pytest
from edits import edit

from faceedit.compose.compose import compose
from faceedit.compose.eyewear.draw import Eyewear
from faceedit.compose.eyewear.frames import fit_frame
from faceedit.compose.eyewear.styles import STYLES
from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.topology import IRISES, eye_distance, mean_shape
from faceedit.targets import KINDS

SIDE = 192


def points(yaw=0.0):
    """The mean face in a crop, turned by degrees to the picture's right."""
    angle = np.deg2rad(yaw)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    straight = transform_landmarks(mean_shape(), crop_affine(mean_shape(), SIDE))
    middle = straight.mean(0)
    return ((straight - middle) @ turn + middle).astype(np.float32)


def worn(kind, strength=1.0, hidden=0.0, yaw=0.0):
    face = points(yaw)
    field = np.ones((SIDE, SIDE), np.float32)
    return Eyewear(
        fit_frame(STYLES[kind][0], face), hidden * field, hidden * field, field, SIDE * field,
        field, 0.55, 3, SIDE, eye_distance(face), strength=strength,
    )  # fmt: skip


def drawn(detail, dtype: type = np.uint8):
    photo = np.full((SIDE, SIDE, 3), 0.6 * np.iinfo(dtype).max, dtype)
    mask = np.pad(np.ones((SIDE - 2, SIDE - 2), np.float32), 1)
    whole = replace(edit(size=SIDE), size=SIDE, details=(detail,), region="crop")
    return photo, compose(photo, whole, np.eye(2, 3), mask)


def test_every_kind_that_can_be_asked_for_has_a_frame():
    assert set(KINDS["eyeglasses"]) == set(STYLES)


@pytest.mark.parametrize("kind", STYLES)
def test_lenses_lie_about_the_eyes_and_the_frame_rests_on_the_nose(kind):
    for style in STYLES[kind]:
        face = points()
        frame = fit_frame(style, face)
        unit = eye_distance(face)
        for lens, iris in zip(frame.lenses, IRISES, strict=True):
            away = lens[:, :2].mean(0) - face[iris[0], :2]
            assert np.abs(away).max() < 0.1 * unit
            assert 0.3 < np.ptp(lens[:, 0]) / unit / 2 + 0.05 < 0.4
        bridge = next(wire for wire in frame.wires if wire.part == "bridge")
        assert abs(float(np.vstack(bridge.edges)[:, 0].mean()) - face[168, 0]) < 0.02 * unit
        # Before the root of the nose, and temples end behind it.
        assert np.vstack(bridge.edges)[:, 2].max() < face[168, 2]
        temples = [wire for wire in frame.wires if wire.part == "temple"]
        assert all(wire.edges[0][-1, 2] > face[33, 2] + 0.4 * unit for wire in temples)


def test_a_turned_head_shows_more_of_the_temple_that_is_nearer():
    lengths = []
    for wire in fit_frame(STYLES["square"][0], points(30.0)).wires:
        if wire.part == "temple":
            lengths.append(float(np.ptp(wire.edges[0][:, 0])))
    assert max(lengths) > 1.3 * min(lengths)


def test_frames_are_drawn_dark_and_lenses_stay_clear():
    before, after = drawn(worn("square"))
    assert after.min() < 40
    change = np.abs(after.astype(int) - before).max(-1)
    left, right = (points()[iris[0], :2].astype(int) for iris in IRISES)
    assert max(change[left[1], left[0]], change[right[1], right[0]]) < 40
    assert change[SIDE - 20 :].max() == 0
    _, dark = drawn(worn("sunglasses"))
    assert dark[left[1], left[0]].max() < 60


def test_nothing_without_strength_and_half_of_it_at_half():
    np.testing.assert_array_equal(*drawn(worn("round", 0.0)))
    _, half = drawn(worn("square", 0.5))
    _, whole = drawn(worn("square"))
    assert half.min() > whole.min() + 30
    assert worn("square").scaled(0.5).strength == 0.5


def test_hair_hides_the_frame():
    _, after = drawn(worn("square", hidden=1.0))
    _, seen = drawn(worn("square"))
    assert after.min() > seen.min() + 60


def test_16_bits_show_the_same():
    _, small = drawn(worn("horn"))
    _, large = drawn(worn("horn"), np.uint16)
    assert np.abs(small / 255 - large / 65535).max() < 0.01


def test_a_temple_behind_the_skin_is_not_seen():
    before, after = drawn(worn("square"))
    face = points()
    detail = replace(worn("square"), depth=np.full((SIDE, SIDE), face[:, 2].min(), np.float32))
    _, hidden = drawn(detail)
    temple = next(wire for wire in detail.frame.wires if wire.part == "temple")
    x, y = (int(one) for one in temple.edges[0][12, :2])
    assert np.abs(after[y, x].astype(int) - before[y, x]).max() > 60
    assert np.abs(hidden[y, x].astype(int) - before[y, x]).max() < 60
