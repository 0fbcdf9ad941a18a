import numpy as np
import pytest
from toy_moves import SIDE, calm_face, eye_distance_of, mouth_of

from faceedit.compose.mouth.opening import draw_opening
from faceedit.compose.mouth.rims import roll_in

UNIT = eye_distance_of(calm_face())
PINK = np.array([0.8, 0.5, 0.5], np.float32)


def rolled(gap):
    whole = (slice(0, SIDE), slice(0, SIDE))
    opening = draw_opening(mouth_of(calm_face(gap=gap), gap), whole, UNIT)
    dark = np.zeros((SIDE, SIDE, 3), np.float32)
    return roll_in(dark, np.broadcast_to(PINK, dark.shape).copy(), opening), opening


def test_lips_run_round_their_edges_into_the_dark():
    picture, opening = rolled(0.3)
    x = round(float(calm_face()[13, 0]))
    red = picture[opening.coverage[:, x] > 0.5, x, 0]
    middle = len(red) // 2
    # The lower lip looks up at the light.
    assert 0.05 < red[0] < red[-1] < PINK[0]
    assert red[middle] < 0.02 and (np.diff(red[middle:]) >= 0).all()


@pytest.mark.parametrize("gap", [0.0, 0.03])
def test_narrow_openings_show_no_more_than_lips(gap):
    assert not rolled(gap)[0].any()
