"""Targets between targets."""

import pytest

from faceedit.errors import UsageError
from faceedit.targets import UnitChange, blend, parse_target


def between(first, second, share):
    before, after = (None if one is None else parse_target(one) for one in (first, second))
    return blend(before, after, share)


@pytest.mark.parametrize(
    ("first", "second", "share", "expected"),
    [
        ("happy", "sad:0.5", 0.5, "happy:0.5+sad:0.25"),
        ("happy:0.2", "happy:1", 0.5, "happy:0.6"),
        ("happy", None, 0.25, "happy:0.75"),
        ("au=12=1", "au=12=4", 0.5, "au=12=2.5"),
        ("au=12+1", "au=12+4:0.5", 0.5, "au=12+2.5:0.75"),
        ("au=left:12=1", "au=12=4", 0.5, "au=left:12=1:0.5,12=4:0.5"),
        ("turn=yaw=-20", "turn=yaw=20", 0.75, "turn=yaw=10"),
        ("light=az=-60,el=20", "light=az=60,el=0", 0.5, "light=az=0,el=10,softness=0.3"),
    ],
)
def test_terms_of_both_ends_change_evenly(first, second, share, expected):
    assert between(first, second, share) == parse_target(expected)


@pytest.mark.parametrize(
    ("first", "second"),
    [("light=left", "light=right"), ("attr=beard=on", "attr=beard=off"), ("au=12=3", "au=12+1")],
)
def test_what_excludes_the_other_end_goes_first(first, second):
    shares = {0.25: (first, 0.5), 0.5: (second, 0.0), 0.75: (second, 0.5)}
    for share, (text, strength) in shares.items():
        assert between(first, second, share) == parse_target(text).scaled(strength)


def test_ends_are_the_targets_and_nothing_stays_nothing():
    happy = between("happy", "sad", 0)
    assert happy is not None
    assert [one for one in happy.terms if one.changes] == list(parse_target("happy").terms)
    assert between(None, None, 0.5) is None
    # A unit's number is its name.
    assert blend(parse_target("au=1=2"), parse_target("au=2=2"), 0.5) == parse_target(
        "au=1=2:0.5,2=2:0.5"
    )
    assert UnitChange(1, 2.0).unit == 1


def test_attributes_that_exclude_each_other_cannot_be_mixed():
    with pytest.raises(UsageError, match="exclude each other"):
        between("attr=black_hair=on", "attr=blond_hair=on", 0.5)
