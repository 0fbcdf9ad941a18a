from dataclasses import replace

import pytest

from faceedit.errors import UsageError
from faceedit.methods.catalogue import (
    METHODS,
    find_method,
    find_training,
    plan_steps,
    served_parts,
    shipped_for,
    shipped_methods,
)
from faceedit.targets import Part, parse_target

HAPPY = parse_target("happy")


@pytest.fixture
def lamp(monkeypatch):
    """A method for light, and for one expression; none for action units, turns or attributes."""
    for name in ("eggan", "legan", "secgan", "lssl"):
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
    assert served_parts() == (Part.EXPRESSION, Part.LIGHT, Part.RELIGHT)
    assert lamp.parts == (Part.EXPRESSION, Part.LIGHT)


def test_a_method_that_is_named_may_make_more_with_its_paper_network():
    assert planned("secgan", "attr=bald=on") == [("secgan", "attr=bald=on")]
    assert planned("legan", "sad") == [("legan", "sad")]
    assert planned("legan", "happy:0.5+sad") == [("legan", "happy:0.5+sad")]


def test_who_names_a_method_names_what_is_part_of_it():
    both = [("secgan-expressions", "happy"), ("secgan", "attr=red_hair=on")]
    assert planned("secgan", "happy attr=red_hair=on") == both
    assert planned("secgan", "sad") == planned("secgan-expressions", "sad")


def test_the_partner_of_a_named_method_makes_what_it_does_not_ship():
    both = [("reggan", "happy"), ("legan", "light=left")]
    assert planned("auto", "happy light=left") == planned("legan", "happy light=left") == both
    paper = plan_steps("legan", parse_target("happy light=left"), "legan")
    assert [(one.method.name, str(one.target)) for one in paper] == [("legan", "happy light=left")]
    with pytest.raises(UsageError, match="legan does not edit action units"):
        plan_steps("legan", parse_target("au=12=3 light=left"))


def test_who_makes_all_of_a_target_as_it_ships():
    found = [shipped_for(parse_target(text)) for text in ("sad", "light=left", "sad light=left")]
    assert found == [METHODS["reggan"], METHODS["legan"], None]


def planned_with(given, text):
    steps = plan_steps("auto", parse_target(text), given)
    return [(step.method.name, str(step.target)) for step in steps]


def test_what_only_users_train_is_not_offered():
    assert not {"stargan", "attgan"} & {one.name for one in shipped_methods()}
    with pytest.raises(UsageError, match="attr=bushy_eyebrows=off; known: attr=black_hair=on"):
        plan_steps("auto", parse_target("attr=bushy_eyebrows=off"))
    with pytest.raises(UsageError, match="edits to attr=blond_hair=off; known"):
        plan_steps("auto", parse_target("attr=blond_hair=off"))
    assert planned("auto", "happy attr=hair=blond light=left") == [
        ("reggan", "happy"), ("secgan", "attr=blond_hair=on"), ("legan", "light=left"),
    ]  # fmt: skip
    assert planned("secgan", "attr=bangs=on,eyeglasses=off") == [
        ("secgan", "attr=bangs=on,eyeglasses=off")
    ]
    assert planned("attgan", "happy") == [("attgan", "happy")]


def test_weights_that_a_user_names_serve_what_nothing_else_does():
    everything = "happy turn=yaw=5 attr=bangs=on light=left"
    assert planned_with("secgan", everything)[:2] == [("lssl", "turn=yaw=5"), ("reggan", "happy")]
    with pytest.raises(UsageError, match="legan does not edit the pose"):
        plan_steps("legan", parse_target(everything))
    assert planned_with("secgan", "happy light=left attr=bangs=on,hair=blond") == [
        ("reggan", "happy"),
        ("secgan", "attr=bangs=on,blond_hair=on"),
        ("legan", "light=left"),
    ]
    assert planned_with("secgan", "au=12=2 attr=bald=on") == [
        ("eggan", "au=12=2"), ("secgan", "attr=bald=on"),
    ]  # fmt: skip
    # Weights of one's own are meant where they can do all of it.
    assert planned_with("secgan", "happy") == [("secgan", "happy")]
    assert planned_with("legan", "happy light=left") == [
        ("reggan", "happy"), ("legan", "light=left"),
    ]  # fmt: skip
    assert planned_with("nothing", "happy") == [("reggan", "happy")]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("secgan", "light=left", "secgan does not edit light; known: attributes, expressions"),
        ("stargan", "attr=eyeglasses=round", "edit to attr=eyeglasses=round; known: attr=bald, "),
        ("reggan", "attr=bald=on", "reggan does not edit attributes; known: expressions"),
    ],
)
def test_a_named_method_says_what_its_paper_network_knows(name, text, said):
    with pytest.raises(UsageError, match=said):
        plan_steps(name, parse_target(text))


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


def test_an_attribute_that_is_action_units_is_made_by_these():
    said = planned("auto", "attr=mouth_slightly_open=on:0.5,hair=red")
    assert said == [("eggan", "au=25=2.3:0.5,26=1:0.5"), ("secgan", "attr=red_hair=on")]
    with pytest.raises(UsageError, match="named twice"):
        plan_steps("auto", parse_target("au=25=3 attr=mouth_slightly_open=on"))
