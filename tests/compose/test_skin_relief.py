from dataclasses import replace

import numpy as np
import pytest
from edits import edit

from faceedit.compose.compose import compose
from faceedit.compose.skin_relief import SkinRelief

SIDE, UNIT = 128, 100.0


def picture():
    """Even skin with a soft crease across it."""
    y = np.arange(SIDE)[:, None]
    crease = 1 - 0.15 * np.exp(-(((y - 64) / 1.2) ** 2))
    return np.rint(crease[..., None] * np.array([190, 150, 130]) * np.ones((1, SIDE, 1))).astype(
        np.uint8
    )


def made(gains=(0.0, 0.0), shade=0.0, lines=None, strength=1.0):
    field = np.zeros((SIDE, SIDE), np.float32)
    field[16:112, 16:112] = 1
    places = np.dstack(np.meshgrid(*[np.linspace(0, 1, SIDE, dtype=np.float32)] * 2))
    drawn = np.zeros((64, 64), np.float32) if lines is None else lines
    shades = (shade * field)[..., None].repeat(3, 2)
    detail = SkinRelief(shades, field, gains, places, drawn, SIDE, UNIT).scaled(strength)
    mask = np.pad(np.ones((SIDE - 2, SIDE - 2), np.float32), 1)
    whole = replace(edit(size=SIDE), size=SIDE, details=(detail,), region="crop")
    return compose(picture(), whole, np.eye(2, 3), mask)


def depth(photo):
    return float(photo[44:50, 40:90].mean()) - float(photo[64, 40:90].mean())


def test_creases_are_deepened_and_smoothed():
    own = depth(picture())
    assert depth(made((0.9, 0.7))) > 1.3 * own
    assert depth(made((-0.65, -0.7))) < 0.75 * own


def test_lines_are_drawn_where_the_face_has_them_and_shade_is_laid_on():
    lines = np.zeros((64, 64), np.float32)
    lines[40:42] = -0.2
    after = made(lines=lines).astype(int)
    change = np.abs(after - picture()).max(-1)[20:100, 40:90].mean(1)
    assert change[:50].max() < 1 and change[58:66].max() > 10
    assert made(shade=-0.2)[30, 60].mean() < 0.9 * picture()[30, 60].mean()


@pytest.mark.parametrize("gains", [(0.9, 0.7), (-0.65, -0.7)])
def test_nothing_beside_skin_and_nothing_without_strength(gains):
    after = made(gains, -0.2)
    np.testing.assert_array_equal(after[:, 118:], picture()[:, 118:])
    np.testing.assert_array_equal(made(gains, -0.2, strength=0.0), picture())
