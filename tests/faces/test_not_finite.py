"""Networks that answer with NaN, infinities or absurd numbers: refused at once, by name."""

import faulthandler
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from edits import SIZE, astronaut_landmarks, edit
from face_networks import astronaut, network
from toy_moves import SIDE, eyes_detail, mouth_detail

from faceedit.compose.canvas import Patch
from faceedit.compose.compose import compose
from faceedit.compose.edit import RasterPaint
from faceedit.errors import NetworkError
from faceedit.faces.align import extract_crop
from faceedit.faces.find.finder import FaceFinder

BAD = (np.nan, np.inf, -np.inf, 1e30)
NAMES = ("blazeface-short", "blazeface-full", "attention-mesh")


@pytest.fixture(autouse=True)
def little_time():
    """End the process where OpenCV mirrors a picture for ever."""
    faulthandler.dump_traceback_later(60, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def refused(an_edit, side=SIZE, says=""):
    photo = np.full((side, side, 3), 90, np.uint8)
    mask = np.zeros((side, side), np.float32)
    mask[8:-8, 8:-8] = 1
    before = photo.copy()
    with pytest.raises(NetworkError, match=f"^the network's answer is .*{says}"):
        compose(photo, an_edit, np.eye(2, 3), mask)
    assert np.array_equal(photo, before)


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("field", ["flow", "log_ratio", "opacity"])
def test_a_field_of_no_numbers_is_refused(field, value):
    sound = edit()
    values = getattr(sound, field).copy()
    values[60, 60] = value
    refused(replace(sound, **{field: values}), says=field)


def test_a_flow_beyond_the_crop_is_refused():
    flow = np.zeros((128, 128, 2), np.float32)
    flow[60, 60] = SIZE
    photo, mask = np.zeros((SIZE, SIZE, 3), np.uint8), np.ones((SIZE, SIZE), np.float32)
    compose(photo, edit(flow), np.eye(2, 3), mask)
    refused(edit(2 * flow), says="flow: 512, where 256 is the most")


@pytest.mark.parametrize("value", BAD)
def test_paint_of_no_numbers_is_refused(value):
    opaque = np.ones((128, 128))
    refused(edit(opacity=opaque, paint=RasterPaint(np.full((4, 4, 3), value), SIZE)), says="paint")


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("part", ["before", "after", "jaws_before", "jaws_after"])
def test_points_of_no_numbers_are_refused(part, value):
    for detail in (eyes_detail(), mouth_detail()):
        points = getattr(detail.points, part).copy()
        points[3] = value
        spoilt = replace(detail, points=replace(detail.points, **{part: points}))
        refused(replace(edit(), size=SIDE, details=(spoilt,)), SIDE)


@pytest.mark.parametrize("value", BAD)
def test_what_details_know_beside_their_points_is_looked_at(value):
    mouth = mouth_detail()
    texture = replace(mouth.texture, colour=np.full_like(mouth.texture.colour, value))
    for spoilt in (
        replace(eyes_detail(), held=np.full((2, 2), value, np.float32)),
        replace(mouth, tone=np.full(3, value, np.float32)),
        replace(mouth, colour=value),
        replace(mouth, texture=texture),
    ):
        refused(replace(edit(), size=SIDE, details=(spoilt,)), SIDE)


class Dividing:
    """A detail that divides by nothing while it draws."""

    def __init__(self, part, value):
        self.part, self.value = part, value

    def check(self, size):
        pass

    def scaled(self, strength):
        return self

    def draw(self, canvas):
        box = (slice(20, 30), slice(20, 30))
        if self.part == "paint":
            return [Patch(box, np.full((10, 10, 3), self.value), np.ones((10, 10)))]
        getattr(canvas, self.part)[box] = self.value
        return []


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize("part", ["flow", "gain", "paint"])
def test_nothing_that_is_drawn_gets_into_pixels(part, value):
    if (part, value) in (("gain", 1e30), ("paint", 1e30)):
        return  # as white as it can be
    refused(replace(edit(), size=SIDE, details=(Dividing(part, value),)), SIDE)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_crop_is_cut_by_landmarks_of_no_numbers(value):
    landmarks = astronaut_landmarks().copy()
    landmarks[33] = value
    with pytest.raises(NetworkError, match="not finite"):
        extract_crop(astronaut(), landmarks, SIZE)
    with pytest.raises(NetworkError, match="lie in one point"):
        extract_crop(astronaut(), np.full((478, 3), 7, np.float32), SIZE)


def spoilt_finder(spoilt, change):
    short, full, mesh = networks = [deepcopy(network(name)) for name in NAMES]
    change(networks[NAMES.index(spoilt)])
    return FaceFinder(short, full, mesh)


def times(factor):
    def change(graph):
        for value in graph.buffers():
            value *= factor

    return change


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [1e6, 1e30])
def test_a_finder_whose_network_overflows_finds_no_faces_but_says_so(name, factor):
    finder = spoilt_finder(name, times(factor))
    with pytest.raises(NetworkError, match=r"^the network's answer is "):
        finder.find(astronaut())
