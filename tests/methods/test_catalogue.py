from dataclasses import replace

import pytest

from faceedit.errors import UsageError
from faceedit.methods.catalogue import (
    METHODS,
    find_method,
    find_training,
    plan_steps,
    served_parts,
)
from faceedit.targets import Part, parse_target

HAPPY = parse_target("happy")


@pytest.fixture
def lamp(monkeypatch):
    """A method for light, and for one expression; none for action units."""
    for name in ("eggan", "legan"):
        monkeypatch.delitem(METHODS, name)
    targets = ("light=left", "light=right", "happy")
    lamp = replace(METHODS["reggan"], name="lamp", targets=targets)
    monkeypatch.setitem(METHODS, "lamp", lamp)
    return lamp


def planned(name, text):
    return [(step.method.name, str(step.target)) for step in plan_steps(name, parse_target(text))]


def test_auto_takes_for_each_part_the_first_that_serves_it(lamp):
    assert planned("auto", "happy light=left") == [("reggan", "happy"), ("lamp", "light=left")]
    assert planned("auto", "sad") == [("reggan", "sad")]
    assert planned("lamp", "happy light=left:0.5") == [("lamp", "happy light=left:0.5")]
    assert planned("reggan", "happy") == [("reggan", "happy")]
    assert served_parts() == (Part.EXPRESSION, Part.LIGHT)
    assert lamp.parts == (Part.EXPRESSION, Part.LIGHT)


def test_a_method_that_is_named_may_make_more_with_its_paper_network():
    both = "happy light=left"
    assert planned("auto", both) == [("reggan", "happy"), ("legan", "light=left")]
    assert planned("legan", both) == [("legan", both)]
    assert planned("legan", "sad") == [("legan", "sad")]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("reggan", "happy light=left", "reggan does not edit light; known: expressions"),
        ("auto", "au=12=3", "no method edits action units; known: expressions, light"),
        ("auto", "light=top", "no method edits to light=top; known: light=left, light=right"),
        ("lamp", "sad+happy", "lamp does not edit to sad; known: happy"),
    ],
)
def test_what_no_method_serves_is_refused_with_what_there_is(lamp, name, text, said):
    with pytest.raises(UsageError) as told:
        plan_steps(name, parse_target(text))
    assert str(told.value) == said


def test_unknown_methods_are_named_with_what_is_near():
    with pytest.raises(UsageError, match="reggan"):
        find_method("regan")
    with pytest.raises(UsageError, match="reggan"):
        find_training("regan")
