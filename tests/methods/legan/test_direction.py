from dataclasses import replace

import numpy as np
import pytest

from faceedit.lights import GAMMA, LIGHTS
from faceedit.methods.legan.direction import STAYS, likeness, turned_at_least

SIDE = 48


@pytest.fixture(scope="module")
def ball():
    """Normals of a ball, and where it is."""
    y, x = np.mgrid[1 : -1 : SIDE * 1j, -1 : 1 : SIDE * 1j].astype(np.float32)
    on = x**2 + y**2 < 0.8
    z = np.sqrt(np.where(on, 1 - x**2 - y**2, 0.2))
    return np.dstack([x, y, z]).astype(np.float32), on


def lit_by(light, normals):
    """The ball's display values in a light."""
    soft = light.softness
    turned = (normals @ np.array(light.direction, np.float32) + soft) / (1 + soft)
    linear = 0.3 * (light.ambient + light.key * np.maximum(turned, 0))
    return np.repeat((linear ** (1 / GAMMA))[..., None], 3, 2).astype(np.float32)


def sides(pixels):
    half = SIDE // 2
    return pixels[half, half // 2].mean() / pixels[half, half + half // 2].mean()


@pytest.mark.parametrize("name", ["left", "right"])
def test_a_face_in_light_from_the_other_side_turns(ball, name):
    normals, on = ball
    wanted, other = LIGHTS[name], LIGHTS["right" if name == "left" else "left"]
    # Light that comes from the front at last: neither side is brighter.
    even = lit_by(replace(other, direction=(0.0, 0.0, 1.0)), normals)
    added = turned_at_least(wanted, even, on, normals)
    turned = even * np.exp(added)[..., None]
    brighter = sides(turned) if name == "left" else 1 / sides(turned)
    assert brighter > 1.2
    # More becomes darker than brighter.
    assert -0.15 < float(np.median(added[on])) < 0 < added[on].max()


def test_a_face_that_is_turned_and_a_light_from_the_front_get_nothing(ball):
    normals, on = ball
    hard = replace(LIGHTS["left"], softness=0.02, ambient=0.05)
    assert not turned_at_least(LIGHTS["slight_left"], lit_by(hard, normals), on, normals).any()
    front = replace(LIGHTS["left"], direction=(0.0, 0.0, 1.0))
    assert not turned_at_least(front, lit_by(LIGHTS["right"], normals), on, normals).any()
    assert not turned_at_least(hard, lit_by(front, normals), on & False, normals).any()


def test_a_light_is_like_itself_alone(ball):
    normals, on = ball
    left, right = (
        lit_by(LIGHTS[name], normals)[on] ** np.float32(GAMMA) for name in ("left", "right")
    )
    assert likeness(LIGHTS["left"], left, normals[on]) == pytest.approx(STAYS, abs=0.02)
    assert likeness(LIGHTS["left"], right, normals[on]) == 0
