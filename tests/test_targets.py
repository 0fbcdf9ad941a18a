import pytest

from faceedit.errors import UsageError
from faceedit.targets import EXPRESSIONS, MAX_STRENGTH, Expression, Target, parse_target


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
        ["happy+sad"],
    ],
)
def test_what_means_nothing_is_refused(terms):
    with pytest.raises(UsageError):
        parse_target(terms)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="surprised"):
        parse_target(["cheerful"])


def test_scaling():
    target = parse_target(["happy:0.6", "sad:0.4"]).scaled(0.5)
    assert [e.strength for e in target.expressions] == [0.3, 0.2]
    assert not any(e.strength for e in target.scaled(0).expressions)
    with pytest.raises(UsageError):
        parse_target(["happy:1.2"]).scaled(MAX_STRENGTH)


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), -0.1])
def test_a_strength_is_a_number_in_range(strength):
    with pytest.raises(UsageError):
        Expression("happy", strength)
