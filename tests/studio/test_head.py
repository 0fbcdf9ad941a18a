from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceedit.studio.drawing import NOTHING
from faceedit.studio.head import Zone, draw_zones, head_zones
from faceedit.studio.model import Part

PLACES = {
    # x, y, z in cm on the neutral head of the face model.
    (0.0, -7.5, 10.4): Zone.FACE,  # chin
    (0.0, 2.0, 13.0): Zone.FACE,  # nose
    (8.5, 1.0, 0.0): Zone.EAR,
    (-8.2, -1.8, 1.0): Zone.EAR,  # lobe
    (0.0, -12.0, 6.0): Zone.NECK,
    (5.0, -6.0, 2.0): Zone.NECK,  # below the jaw's corner
    (6.2, -3.4, 5.7): Zone.FACE,  # jaw
}


@pytest.fixture
def model() -> Any:
    points = [*PLACES, (0.0, 14.0, 0.0), (10.0, -17.0, 0.0), (3.0, 1.0, 9.0)]
    parts = [Part.SKIN] * len(PLACES) + [Part.HEAD, Part.HEAD, Part.LEFT_EYE]
    return SimpleNamespace(
        neutral=np.array(points, np.float32), vertex_part=np.array(parts, np.uint8)
    )


def test_places_on_the_head_have_their_zones(model):
    expected = [*PLACES.values(), Zone.SCALP, Zone.SHOULDERS, Zone.NONE]
    assert head_zones(model).tolist() == expected


def test_pixels_take_the_zone_of_what_is_drawn_there(model):
    part = np.array([[Part.SKIN, NOTHING]], np.int8)
    vertices = np.zeros((1, 2, 3), np.int32)
    vertices[0, 0] = 2
    drawing: Any = SimpleNamespace(part=part, vertices=vertices)
    drawn = draw_zones(model, drawing)
    assert drawn.tolist() == [[Zone.EAR, Zone.NONE]]
    assert drawn.dtype == np.uint8
