import numpy as np
import pytest

from faceedit.compose.mouth.dentition import draw_teeth
from faceedit.compose.mouth.paint import CORNER, PER_CM, TEETH_EDGE, TEXTURE_SIZE
from faceedit.compose.mouth.traits import USUAL, Traits

MIDDLE = slice(20, TEXTURE_SIZE[1] - 20)
ROW = round((TEETH_EDGE - CORNER[1] - 0.35) * PER_CM)
"""Of a texture, across the fronts of the teeth."""


@pytest.mark.parametrize("traits", [USUAL, Traits(groove=1.0), Traits(depth=-1.0, smirk=0.5)])
def test_seams_part_the_teeth(traits):
    row = draw_teeth(traits).colour[ROW, MIDDLE].mean(-1)
    inside = row[1:-1]
    seams = np.flatnonzero((inside < row[:-2]) & (inside <= row[2:])) + 1
    assert 7 <= len(seams) <= 12
    assert (row[seams] < 0.9 * row.max()).all()


def test_each_tooth_ends_by_itself_and_gum_is_above():
    teeth = draw_teeth()
    ends = teeth.shown[:, MIDDLE].sum(0)
    turns = np.flatnonzero(np.diff(np.sign(np.diff(ends[np.r_[True, np.diff(ends) != 0]]))))
    assert len(turns) >= 9
    red, green, _ = teeth.colour[2, TEXTURE_SIZE[1] // 2]
    assert red > 1.5 * green
    assert np.ptp(teeth.colour[ROW, TEXTURE_SIZE[1] // 2 - 12]) < 0.1


def test_people_differ_and_stay_who_they_are():
    one, other = (draw_teeth(Traits(groove=g)) for g in (0.5, -0.5))
    assert np.abs(one.colour - other.colour).mean() > 0.01
    assert draw_teeth(Traits(groove=0.5)) is one
    near = draw_teeth(Traits(groove=0.52))
    assert np.abs(one.colour - near.colour).mean() < 0.01
