from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from faceedit.errors import UsageError
from faceedit.targets import (
    ACTION_UNITS,
    ATTRIBUTES,
    EXPRESSIONS,
    MAX_STRENGTH,
    SYNONYMS,
    Expression,
    Target,
    parse_attributes,
    parse_target,
    parse_units,
)


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("happy", 1.0),
        ("happy:0.6", 0.6),
        ("happy:.5", 0.5),
        ("happy:1.", 1.0),
        ("happy:0", 0.0),
        (" Happy:1.5 ", 1.5),
    ],
)
def test_a_term_is_a_name_with_or_without_a_strength(text, strength):
    assert parse_target([text]) == Target((Expression("happy", strength),))


def test_terms_add_up_and_keep_their_order():
    target = parse_target(["surprised:0.3", "happy:0.6"])
    assert [e.name for e in target.expressions] == ["surprised", "happy"]
    assert str(target) == "surprised:0.3+happy:0.6"


@pytest.mark.parametrize("text", [*EXPRESSIONS, "sad:0.25", "happy:1.5", "angry:0"])
def test_the_text_form_is_read_back(text):
    assert str(parse_target([text])) == text


@pytest.mark.parametrize(
    "terms",
    [
        [],
        [""],
        ["happy:"],
        ["happy:x"],
        ["happy:-1"],
        ["happy:1.6"],
        ["happy:1e9"],
        ["happy=1"],
        ["cheerful"],
        ["happy", "happy:0.5"],
        ["happy+"],
        ["+happy"],
        ["happy+sad+happy:0.2"],
    ],
)
def test_what_means_nothing_is_refused(terms):
    with pytest.raises(UsageError):
        parse_target(terms)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="surprised"):
        parse_target(["cheerful"])


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("hapy", "happy"), ("suprised", "surprised"), ("smil", "happy"), ("ANGR", "angry")],
)
def test_a_typo_is_answered_with_the_nearest_name(typo, meant):
    with pytest.raises(UsageError) as told:
        parse_target(typo)
    assert str(told.value) == (
        f"unknown expression {typo.lower()!r}; did you mean {meant}? "
        f"known: {', '.join(EXPRESSIONS)}"
    )


def test_synonyms_mean_names_that_there_are():
    assert set(SYNONYMS.values()) <= set(EXPRESSIONS)
    assert not set(SYNONYMS) & set(EXPRESSIONS)
    for word, name in SYNONYMS.items():
        assert parse_target(word.upper()) == parse_target(name)
        assert str(parse_target({word: 0.5})) == f"{name}:0.5"


@pytest.mark.parametrize("terms", ["smile+joy", ["happy", "smile:0.2"], {"joy": 1, "smile": 0.1}])
def test_two_words_for_one_expression_name_it_twice(terms):
    with pytest.raises(UsageError, match="happy is named twice"):
        parse_target(terms)


@pytest.mark.parametrize(
    "target",
    [
        "happy:0.6+surprised:0.3",
        " smile:.6 + Surprise:0.3 ",
        ["happy:0.6", "surprised:0.3"],
        ("happy:0.6+surprised:0.3",),
        {"happy": 0.6, "surprised": 0.3},
        MappingProxyType({"joy": np.float64(0.6), "surprised": 0.3}),
        Target((Expression("happy", 0.6), Expression("surprised", 0.3))),
    ],
)
def test_a_target_in_every_form(target):
    assert str(parse_target(target)) == "happy:0.6+surprised:0.3"


def test_numbers_of_every_kind_are_strengths():
    number: Any
    for number in (1, np.int64(1), np.float32(1), 1.0):
        assert parse_target({"happy": number}) == parse_target("happy")
    assert str(parse_target("happy:-0")) == "happy:0"
    assert parse_target(str(Target((Expression("happy", 0.00001),)))).expressions[0].strength > 0


@pytest.mark.parametrize(
    "target",
    [
        None, 3, b"happy", {"happy"}, iter(["happy"]), ["happy", 0.6], ("happy", 0.6), [None],
        [["happy"]], {3: 0.5}, Expression("happy"),
    ],
)  # fmt: skip
def test_anything_else_is_told_what_is_accepted(target: Any):
    with pytest.raises(UsageError, match=r"cannot be of type .*; write text such as .*Target"):
        parse_target(target)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("happy:", "strength of happy is missing; write happy, or a number .* such as happy:0.6"),
        ("joy:nan", "strength of happy is 'nan'; write happy, or a number"),
        ("happy:inf", "strength of happy is 'inf'; write"),
        ("happy:0,6", "strength of happy is '0,6'; write"),
        ("happy:-0.1", "strength of happy is -0.1; write a number from 0 to 1.5"),
        ("happy:1e9", r"strength of happy is 1e\+09|is '1e9'|is 1e"),
        ("happy:" + "9" * 5000, "strength of happy is inf; write a number"),
        ("happy:0." + "0" * 5000 + "x", r"is '0\.0{38}\.\.\.'; write"),
        ("happy:٣", "strength of happy is '٣'"),
        ("hapy:", "did you mean happy"),
        ({"happy": float("nan")}, "strength of happy is nan; write a number"),
        ({"happy": float("-inf")}, "strength of happy is -inf; write"),
        ({"happy": 10**400}, "strength of happy is inf; write"),
        ({"happy": "0.5"}, "strength of 'happy' is '0.5'; write a number"),
        ({"happy": True}, "strength of 'happy' is of type bool; write a number"),
        ({"happy": None}, "strength of 'happy' is of type NoneType; write a number"),
        ({}, "no target was given; write for example happy"),
        ("x" * 100_000, "unknown expression 'x{40}...'; known"),
    ],
)
def test_a_message_says_what_to_write(target, said):
    with pytest.raises(UsageError, match=said) as told:
        parse_target(target)
    assert len(str(told.value)) < 200


@pytest.mark.parametrize("intensity", [float("nan"), float("inf"), -0.1, 10**400, "1", None])
def test_an_intensity_is_a_number_in_range(intensity):
    with pytest.raises(UsageError, match="intensity is"):
        parse_target("happy").scaled(intensity)


def test_action_units_and_attributes():
    units = parse_units("12=3.5, 6=2")
    assert (units[ACTION_UNITS.index(12)], units[ACTION_UNITS.index(6)], sum(units)) == (
        3.5,
        2,
        5.5,
    )
    assert parse_attributes(["eyeglasses=off"])[ATTRIBUTES.index("eyeglasses")] == 0
    for wrong in ("", "12", "3=1", "12=6", "x=1", "12=nan", "12=", "9" * 5000 + "=1"):
        with pytest.raises(UsageError, match=r"12=3.5,6=2|units are 1, 2"):
            parse_units(wrong)
    for wrong, said in (
        ("eyeglasses", "write eyeglasses=on"),
        ("eyeglases=on", "did you mean eyeglasses"),
        ("beard=perhaps", "write beard=on"),
    ):
        with pytest.raises(UsageError, match=said):
            parse_attributes([wrong])


def test_scaling():
    target = parse_target(["happy:0.6", "sad:0.4"]).scaled(0.5)
    assert [e.strength for e in target.expressions] == [0.3, 0.2]
    assert not any(e.strength for e in target.scaled(0).expressions)
    with pytest.raises(UsageError, match=r"happy:1.2 times an intensity of 1.5 is 1.8"):
        parse_target(["happy:1.2"]).scaled(MAX_STRENGTH)


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), -0.1])
def test_a_strength_is_a_number_in_range(strength):
    with pytest.raises(UsageError):
        Expression("happy", strength)
