"""What targets change of a face's action units."""

import numpy as np
import pytest

from faceedit.targets import (
    ACTION_UNITS,
    EXPRESSION_UNITS,
    EXPRESSIONS,
    parse_target,
    relative_units,
    unit_changes,
)

CALM = (0.0,) * 17


def changes(text, shown=CALM, side=0):
    values = unit_changes(parse_target(text), shown)[side]
    return {u: round(v, 6) for u, v in zip(ACTION_UNITS, values, strict=True) if round(v, 6)}


def showing(units):
    return tuple(units.get(unit, 0.0) for unit in ACTION_UNITS)


def test_units_are_set_added_and_taken_away():
    shown = showing({12: 2.0, 6: 1.0})
    assert changes("au=12=3.5", shown) == {12: 1.5}
    assert changes("au=12=0", shown) == {12: -2.0}
    assert changes("au=12+1.5", shown) == {12: 1.5}
    assert changes("au=12=3.5:0.5", shown) == {12: 0.75}
    assert changes("au=12+1:0.5", shown) == {12: 0.5}
    # Nothing goes beyond what there is.
    assert changes("au=12+4", shown) == {12: 3.0}
    assert changes("au=12-4", shown) == {12: -2.0}


def test_changes_of_an_unknown_face_fall_too():
    assert changes("au=12-4,left:6-1", None) == {12: -4.0, 6: -1.0}
    assert changes("au=12-4,left:6-1", None, side=1) == {12: -4.0}
    assert changes("au=12=1", None) == {12: 1.0}


def test_one_side_leaves_the_other_alone():
    assert changes("au=left:12=2") == {12: 2.0}
    assert changes("au=left:12=2", side=1) == {}


def test_an_expression_sets_every_unit():
    shown = showing({4: 2.0, 12: 1.0})
    wanted = EXPRESSION_UNITS["happy"]
    assert changes("happy", shown) == {4: -2.0, 6: wanted[6], 12: wanted[12] - 1, 25: wanted[25]}
    half = changes("happy:0.5", shown)
    assert half[4] == -1.0
    assert half[12] == pytest.approx(0.5 * (wanted[12] - 1))
    assert changes("neutral", shown) == {4: -2.0, 12: -1.0}
    assert changes("happy:0.5+sad:0.5", shown)[4] == pytest.approx(
        -2 + 0.5 * EXPRESSION_UNITS["sad"][4]
    )
    # A smirk is on one side; the other one is calm.
    assert changes("contemptuous", shown, side=1) == {4: -2.0, 12: -1.0}
    assert changes("contemptuous", shown)[14] == EXPRESSION_UNITS["contemptuous"][14]


def test_units_are_set_on_top_of_an_expression():
    assert changes("happy au=12=1")[12] == 1.0
    assert changes("happy au=26+2")[26] == 2.0


def test_every_expression_has_units_in_range():
    assert set(EXPRESSION_UNITS) == set(EXPRESSIONS)
    for units in EXPRESSION_UNITS.values():
        assert set(units) <= set(ACTION_UNITS)
        assert all(0 < intensity <= 5 for intensity in units.values())


def test_changes_as_a_target_make_the_same_changes_of_any_face():
    wanted = unit_changes(parse_target("contemptuous"), showing({4: 2.0, 12: 0.96}))
    target = relative_units(wanted)
    assert all(term.relative for term in target.units)
    np.testing.assert_allclose(unit_changes(target, None), wanted, atol=1e-3)
    again = unit_changes(target, (2.5,) * 17)
    for one, other in zip(wanted[0], again[0], strict=True):
        assert min(one, 2.5) == pytest.approx(other, abs=1e-3)
    assert not relative_units((CALM, CALM)).changes
