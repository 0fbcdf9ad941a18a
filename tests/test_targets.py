from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from faceedit.errors import UsageError
from faceedit.lights import LIGHTS
from faceedit.targets import (
    EXPRESSIONS,
    MAX_STRENGTH,
    SYNONYMS,
    AttributeChange,
    Expression,
    LandmarksLike,
    LightChange,
    Like,
    Part,
    RelightLike,
    Target,
    Turn,
    UnitChange,
    parse_target,
    split_targets,
    union,
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


EVERYTHING = (
    "happy:0.6+sad turn=yaw=-10,pitch=5 au=12=3.5,left:4+1:0.5 attr=beard=off light=left:0.6"
)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("au=12=3.5", UnitChange(12, 3.5)),
        ("au=AU06=2", UnitChange(6, 2.0)),
        ("au=12+1.5", UnitChange(12, 1.5, relative=True)),
        ("au=12-1.5:0.5", UnitChange(12, -1.5, relative=True, strength=0.5)),
        ("au=left:12=2", UnitChange(12, 2.0, side="left")),
        ("au=4=0", UnitChange(4, 0.0)),
        ("light=left", LightChange("left")),
        ("light=flat:0.6", LightChange("flat", 0.6)),
        (
            "light=az=-60, el=20, colour=#FFD9A0, softness=0.5, strength=0.8",
            LightChange("own", 0.8, -60.0, 20.0, 0.5, colour="#ffd9a0"),
        ),
        ("light=az=10,fill=0.4", LightChange("own", 1.0, 10.0, fill=0.4)),
        ("light=az=10,colour=3200k", LightChange("own", 1.0, 10.0, colour="3200K")),
        ("attr=eyeglasses=off", AttributeChange("eyeglasses", on=False)),
        ("attr=hair=blond:0.5", AttributeChange("blond_hair", strength=0.5)),
        ("attr=hair=grey", AttributeChange("grey_hair")),
        ("attr=age=old:0.6", AttributeChange("young", on=False, strength=0.6)),
        ("attr=sex=female", AttributeChange("male", on=False)),
        ("attr=eyeglasses=cat-eye", AttributeChange("eyeglasses", kind="cat_eye")),
        ("turn=yaw=20", Turn(yaw=20.0)),
        ("turn=yaw=-10,pitch=5,roll=0", Turn(yaw=-10.0, pitch=5.0)),
        ("turn=to=0:0.5", Turn(to=0.0, strength=0.5)),
        ("turn=to=0,level", Turn(to=0.0, level=True)),
        ("turn=pitch=-5,gaze=keep:0.5", Turn(pitch=-5.0, gaze="keep", strength=0.5)),
        ("like=a b/face.jpg", Like("a b/face.jpg")),
        ("like=party.jpg#2", Like("party.jpg", 2)),
        ("relight-like=party.jpg#2", RelightLike("party.jpg", 2)),
        ("landmarks-like=party.jpg#2", LandmarksLike("party.jpg", 2)),
        ("turn=to=12,up=5,tilt=-3", Turn(to=12.0, up=5.0, tilt=-3.0)),
        ("light=weak:0.5", LightChange("weak", 0.5)),
    ],
)
def test_every_part_has_a_text_and_a_json_form(text, term):
    target = parse_target(text)
    assert target == Target((term,))
    assert parse_target(str(target)) == target
    assert parse_target(target.to_json()) == target
    (key,) = target.to_json()
    assert target.scaled(0.5).to_json() == {key: term.strength / 2}
    assert target.changes
    assert not target.scaled(0).changes


def test_parts_stand_side_by_side_in_the_order_of_their_making():
    target = parse_target(EVERYTHING)
    turn, expression, units, attributes, light = target.parts
    assert str(target) == (
        "happy:0.6+sad turn=yaw=-10,pitch=5 au=12=3.5,left:4+1:0.5 attr=beard=off light=left:0.6"
    )
    assert parse_target(str(target)).to_json() == target.to_json()
    assert str(target.only(units, turn)) == "turn=yaw=-10,pitch=5 au=12=3.5,left:4+1:0.5"
    assert (expression, attributes, light) == (Part.EXPRESSION, Part.ATTRIBUTES, Part.LIGHT)
    assert target.names == (
        "happy", "sad", "turn", "au=12", "au=4", "attr=beard", "light=left",
    )  # fmt: skip
    assert parse_target(["happy:0.6+sad", *EVERYTHING.split()[1:]]) == target
    several = [
        parse_target(text) for text in ("light=left", "light=right", "attr=bald=on", "happy")
    ]
    assert str(union([*several, parse_target("attr=bangs=on")])) == (
        "happy attr=bald=on light=left"
    )


def test_a_kind_of_an_attribute_is_another_thing_to_serve():
    named = parse_target("attr=eyeglasses=round,hair=blonde,bangs=off")
    assert named.names == ("attr=eyeglasses=round", "attr=blond_hair", "attr=bangs")
    assert str(named) == "attr=eyeglasses=round,blond_hair=on,bangs=off"
    with pytest.raises(UsageError, match="unknown value of eyeglasses 'round'"):
        AttributeChange("eyeglasses", on=False, kind="round")


def test_every_light_has_a_name():
    assert [parse_target(f"light={name}").names for name in LIGHTS] == [
        (f"light={name}",) for name in LIGHTS
    ]


@pytest.mark.parametrize("text", ["au=12+0", "turn=yaw=0", "happy:0", "light=left:0", "au=12=3:0"])
def test_nothing_is_a_target_too(text):
    assert not parse_target(text).changes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("au=", "cannot read action unit ''; write 12=3.5,6=2"),
        ("au=12", "cannot read action unit '12'"),
        ("au=12=", "cannot read action unit"),
        ("au=12=nan", "cannot read action unit"),
        ("au=12=3 4", "cannot read action unit"),
        ("au=3=1", r"unknown action unit '3'. Action units: 1 inner brow raiser \(lifts"),
        ("au=" + "9" * 5000 + "=1", r"unknown action unit '9{40}\.\.\.'"),
        ("au=12=6", "intensity of action unit 12 is 6; write a number from 0 to 5"),
        ("au=12+6", "intensity of action unit 12 is 6; write a number from -5 to 5"),
        ("au=12=2,12=3", "au=12 is named twice"),
        ("au=12=2:x", "strength of '12' is 'x'"),
        ("light=lef", "unknown light 'lef'; did you mean left"),
        ("light=", "unknown light ''"),
        ("light=left light=right", "light is named twice"),
        ("light=az=200", "light's azimuth is '200'; write a number from -180 to 180"),
        ("light=az=1,az=2", "az is given twice"),
        ("light=az=1,glow=2", "cannot read 'glow=2' of a light"),
        ("light=az=1,colour=red", "light's colour is 'RED'"),
        ("light=az=1,colour=90000K", "from 1500K to 15000K"),
        ("attr=eyeglasses", "write eyeglasses=on or eyeglasses=off"),
        ("attr=eyeglases=on", "did you mean eyeglasses"),
        ("attr=beard=perhaps", "write beard=on"),
        ("attr=hair=blnd", "unknown value of hair 'blnd'; did you mean blond"),
        ("attr=hair=blond,hair=black", "black_hair and blond_hair exclude each other"),
        ("attr=bald=on,bangs=on", "bald and bangs exclude each other"),
        ("attr=bald=on,hair=grey", "grey_hair and bald exclude each other"),
        ("attr=beard=on,beard=off", "attr=beard is named twice"),
        ("attr=eyeglasses=round,eyeglasses=off", "attr=eyeglasses is named twice"),
        ("attr=eyeglasses=rond", "unknown value of eyeglasses 'rond'; did you mean round"),
        ("attr=beard=round", "write beard=on or beard=off"),
        ("turn=yaw=90", "turn's yaw is '90'; write a number from -45 to 45"),
        ("turn=20", "cannot read the turn '20'; write yaw=20"),
        ("turn=to=0,yaw=5", "either 'to' an angle or by yaw"),
        ("turn=yaw=1,yaw=2", "yaw is given twice"),
        ("turn=yaw=1,level", "write to=0,level"),
        ("turn=yaw=1,gaze=up", "unknown gaze 'up'; known: camera, keep"),
        ("like=", "name the photo of a face"),
        ("happy like=a.jpg", "a reference face says the expression"),
        ("relight-like=", "name the photo of a face"),
        ("light=left relight-like=a.jpg", "a reference face says the light"),
        ("landmarks-like=", "name the photo of a face"),
        ("happy landmarks-like=a.jpg", "a reference face says pose and expression"),
        ("turn=to=0 landmarks-like=a.jpg", "a reference face says pose and expression"),
        ("turn=yaw=3,up=5", "'up' and 'tilt' go with an angle"),
        ("turn=to=3,level,tilt=5", "either level or tilted"),
        ("light=az=5,fill=2", "light's fill is '2'; write a number from 0 to 1"),
        ({"light=left": 2}, "strength of left is 2; write a number from 0 to 1.5"),
        ({"light=left:0.5": 1}, "write one term, and its strength beside it"),
        ({"au=12=3": "x"}, "strength of au=12=3 is 'x'; write a number"),
    ],
)
def test_each_part_says_what_to_write(text, said):
    with pytest.raises(UsageError, match=said):
        parse_target(text)


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


@pytest.mark.parametrize(
    ("text", "strength"), [("contemptuous:left", 1.0), ("contempt:Right:0.6", 0.6)]
)
def test_contempt_has_a_side_and_keeps_it_in_every_form(text, strength):
    target = parse_target(text)
    (one,) = target.expressions
    assert one.side in ("left", "right") and one.strength == strength
    assert one.name == "contemptuous"
    assert parse_target(str(target)) == target == parse_target(target.to_json())
    assert target.scaled(0.5).expressions[0].side == one.side


@pytest.mark.parametrize("text", ["happy:left", "contemptuous:up", "contemptuous:left:x"])
def test_other_sides_are_refused(text):
    with pytest.raises(UsageError):
        parse_target(text)


def test_single_faces_get_a_share_of_all_strengths():
    target = parse_target("happy:0.8 light=left faces=2:0.5,3:0")
    assert str(target) == "happy:0.8 light=left faces=2:0.5,3:0"
    assert parse_target(target.to_json()) == target == parse_target(str(target))
    assert [str(target.of_face(n)) for n in (1, 2)] == [
        "happy:0.8 light=left",
        "happy:0.4 light=left:0.5",
    ]
    assert not target.of_face(3).changes
    assert target.scaled(0.5).faces == target.only(Part.LIGHT).faces == target.faces
    assert split_targets("happy faces=1:0.5,2:0,sad") == ["happy faces=1:0.5,2:0", "sad"]


@pytest.mark.parametrize("wrong", ["0:1", "1:1,1:0.5", "x:1", "1", "1:2", "1:x", "1:1.5,2:1.5"])
def test_shares_of_faces_that_make_no_sense(wrong):
    with pytest.raises(UsageError):
        parse_target(f"happy:1.2 faces={wrong}")
