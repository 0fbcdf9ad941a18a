from dataclasses import replace

import numpy as np
import pytest
from toys import toy_model

from faceedit.errors import UsageError
from faceedit.studio.edit import closed_gap
from faceedit.studio.expressions import (
    MOST_INTENSE,
    PRESSED,
    WEIGHT_RANGE,
    Ask,
    load_tables,
)
from faceedit.targets import ACTION_UNITS, EXPRESSIONS


@pytest.fixture(scope="module")
def tables():
    neutral = toy_model().weights(mouthSmile=0.02, browDown=0.05)
    return load_tables(toy_model(), neutral)


def units(**named):
    return tuple(float(named.get(f"au{u}", 0.0)) for u in ACTION_UNITS)


def test_every_expression_of_the_targets_has_a_table(tables):
    assert set(EXPRESSIONS) <= set(tables.names)
    assert {"squint", "scream"} <= set(tables.names)
    assert tables.names[0] == "neutral"
    assert tables.action_units.shape == (17, len(toy_model().expression_names))


def test_contempt_is_one_sided_and_the_others_are_even(tables):
    mirrored = toy_model().mirrored
    for name, weights in tables.expressions.items():
        even = np.allclose(weights, weights[mirrored])
        assert even == (name != "contemptuous")


def test_amplitude_is_a_factor(tables):
    once = tables.change(Ask((("happy", 1.0),)))
    np.testing.assert_allclose(once, tables.expressions["happy"])
    np.testing.assert_allclose(tables.change(Ask((("happy", 0.3),))), 0.3 * once)
    assert not tables.change(Ask((("happy", 0.0),))).any()


def test_blends_add_up(tables):
    both = tables.change(Ask((("happy", 0.5), ("surprised", 0.7))))
    parts = 0.5 * tables.expressions["happy"] + 0.7 * tables.expressions["surprised"]
    np.testing.assert_allclose(both, parts)
    assert not tables.change(Ask((("neutral", 1.0),))).any()


def test_action_units_are_linear_and_add_to_what_is_shown(tables):
    four, twelve = tables.action_units[2], tables.action_units[8]
    ask = Ask(action_units=units(au4=2.5, au12=1.0))
    np.testing.assert_allclose(tables.change(ask), 0.5 * four + 0.2 * twelve)
    shown = toy_model().weights(eyeWide=0.4, browDown=0.1)
    np.testing.assert_allclose(tables.target(shown, ask), shown + tables.change(ask))


@pytest.mark.parametrize("number", range(len(ACTION_UNITS)))
def test_single_units_are_recognised(tables, number):
    change = 0.6 * tables.action_units[number]
    wanted = np.zeros(17)
    wanted[number] = 3.0
    np.testing.assert_allclose(tables.units_of(change), wanted, atol=1e-6)
    assert tables.units_of(9 * change).max() == MOST_INTENSE


def test_mixed_units_are_recognised_and_never_negative(tables):
    ask = Ask(action_units=units(au1=2.0, au4=3.0, au26=1.5))
    np.testing.assert_allclose(tables.units_of(tables.change(ask)), ask.action_units, atol=1e-6)
    assert not tables.units_of(-tables.change(ask)).any()


def test_lids_raised_and_closed_at_once_show_the_difference(tables):
    both = tables.units_asked(Ask(action_units=units(au5=4.0, au12=2.0, au45=1.5), share=0.5))
    np.testing.assert_allclose(both, units(au5=1.25, au12=1.0))
    assert not tables.units_asked(Ask(action_units=units(au12=-3.0))).any()


def test_what_fits_of_calm_faces_say_is_not_shown(tables):
    calm = tables.neutral + tables.calm / MOST_INTENSE @ tables.action_units
    np.testing.assert_allclose(tables.units_shown(calm), 0, atol=1e-6)
    raised = tables.neutral + tables.action_units[2]
    np.testing.assert_allclose(tables.units_shown(raised), units(au4=5.0), atol=1e-6)


def test_a_neutral_ask_takes_a_smile_away(tables):
    shown = tables.neutral + toy_model().weights(mouthSmile=0.6, cheekSquint=0.2, jawOpen=0.1)
    for ask in (Ask(), Ask((("neutral", 1.0),))):
        np.testing.assert_allclose(tables.target(shown, ask), tables.neutral, atol=1e-9)
    assert tables.smile(shown) == pytest.approx(0.6)
    # A face that frowns does not smile less than not at all.
    assert tables.smile(tables.neutral - toy_model().weights(mouthSmile=0.3)) == 0.0


def test_what_may_be_the_persons_own_stays_unless_the_face_smiles(tables):
    model = toy_model()
    own = tables.neutral + model.weights(noseSneer=0.06)
    np.testing.assert_allclose(tables.neutralised(own), own)
    strong = tables.neutral + model.weights(noseSneer=0.30)
    left = tables.neutralised(strong) - tables.neutral
    assert model.mean_weight(left, "noseSneer") == pytest.approx(0.10)
    smiling = own + model.weights(mouthSmile=0.5)
    # The fit shrinks smiles, so more is taken away than was found.
    left = tables.neutralised(smiling) - tables.neutral
    assert model.mean_weight(left, "mouthSmile") == pytest.approx(-0.15 * 0.5)


def test_blinks_and_gaze_are_the_photos_own(tables):
    shown = tables.neutral + toy_model().weights(eyeBlink=0.3, eyeLookUp=0.5, mouthSmile=0.5)
    target = tables.target(shown, Ask())
    for name in ("eyeBlink_L", "eyeBlink_R", "eyeLookUp_L"):
        at = toy_model().index(name)
        assert target[at] == shown[at]


def test_an_expression_starts_from_the_neutral_face(tables):
    smiling = tables.neutral + toy_model().weights(mouthSmile=0.6)
    target = tables.target(smiling, Ask((("sad", 1.0),)))
    assert toy_model().mean_weight(target, "mouthSmile") < 0.05
    assert toy_model().mean_weight(target, "mouthFrown") == pytest.approx(0.95)


def test_targets_stay_in_range(tables):
    target = tables.target(tables.neutral, Ask((("angry", 1.6), ("happy", 1.6))))
    assert target.max() == WEIGHT_RANGE[1] and target.min() >= WEIGHT_RANGE[0]


def test_manner_zero_is_the_table_and_others_are_all_different(tables):
    model = toy_model()
    table = tables.expressions["happy"]
    first = tables.change(Ask((("happy", 1.0),), manner=7))
    again = tables.change(Ask((("happy", 1.0),), manner=7))
    other = tables.change(Ask((("happy", 1.0),), manner=8))
    np.testing.assert_array_equal(first, again)
    used = table != 0
    factors = np.array([first, other])[:, used] / table[used]
    assert (factors > 0.3).all() and (factors < 3).all()
    assert np.abs(np.log(factors[0] / factors[1])).max() > 0.1
    # Nobody's two sides differ as much as people do.
    sides = [model.index(f"mouthSmile_{s}") for s in "LR"]
    log = np.log(
        [
            tables.change(Ask((("happy", 1.0),), manner=m))[sides] / table[sides]
            for m in range(1, 200)
        ]
    )
    assert log.mean(1).std() > 2 * (log[:, 0] - log[:, 1]).std() / np.sqrt(2)
    assert abs(log.mean()) < 0.05


def test_a_positive_lean_strengthens_the_persons_left(tables):
    model = toy_model()
    table = tables.expressions["happy"]
    leaning = tables.change(Ask((("happy", 1.0),), lean=0.3))
    left, right = model.index("mouthSmile_L"), model.index("mouthSmile_R")
    assert leaning[left] == pytest.approx(1.3 * table[left])
    assert leaning[right] == pytest.approx(0.7 * table[right])
    assert leaning[model.index("jawOpen")] == table[model.index("jawOpen")]


def test_unknown_names_are_named_with_those_that_are_known(tables):
    with pytest.raises(UsageError, match=r"'bored'.*neutral, happy"):
        tables.target(tables.neutral, Ask((("bored", 1.0),)))


@pytest.mark.parametrize(
    ("ask", "closes"),
    [
        (Ask(), True),
        (Ask((("sad", 1.0),)), True),
        (Ask((("happy", 1.0),)), False),
        (Ask((("sad", 0.5), ("surprised", 0.5))), False),
        (Ask(action_units=units(au4=2.0)), True),
        (Ask(action_units=units(au4=2.0, au26=1.0)), False),
    ],
)
def test_which_asks_close_the_lips(ask, closes):
    assert ask.closes == closes


def test_asks_have_short_names():
    assert str(Ask()) == "neutral"
    assert str(Ask((("happy", 1.3),))) == "happy:1.3"
    assert str(Ask((("sad", 0.5), ("angry", 1.0)))) == "sad:0.5+angry:1"
    assert str(Ask(action_units=units(au4=3.0, au7=2.5))) == "AU4:3+AU7:2.5"
    assert str(Ask((("happy", 1.3),), share=0.5)) == "happy:1.3 (50% of the way)"
    assert str(Ask(share=0.25)) == "neutral (25% of the way)"


def test_a_smile_that_is_there_is_changed_not_replaced(tables):
    shown = tables.neutral + tables.model.weights(mouthSmile=0.8, mouthUpperUp=0.5)
    happy = tables.expressions["happy"]
    own = tables.smile(shown) / tables.model.mean_weight(happy, "mouthSmile")
    same = tables.target(shown, Ask((("happy", own),)))
    np.testing.assert_allclose(same, shown, atol=1e-9)
    smaller = tables.smile(tables.target(shown, Ask((("happy", own / 2),))))
    assert 0.3 * tables.smile(shown) < smaller < 0.6 * tables.smile(shown)


def test_all_expressions_can_be_asked_for_and_parts_of_them(tables):
    assert set(tables.names) == {*EXPRESSIONS, "squint", "scream"}


PARTWAY = [
    Ask((("happy", 1.0),)),
    Ask((("sad", 0.7), ("angry", 0.6)), lean=0.2, manner=5),
    Ask(),
    Ask(action_units=units(au4=3.0, au26=2.0)),
]


@pytest.mark.parametrize("ask", PARTWAY, ids=str)
@pytest.mark.parametrize("smile", [0.0, 0.6])
def test_a_share_is_that_much_of_the_way(tables, ask, smile):
    shown = tables.neutral + toy_model().weights(mouthSmile=smile, noseSneer=0.2)
    whole = tables.target(shown, ask)
    for share in (0.0, 0.3, 0.5):
        part = tables.target(shown, replace(ask, share=share))
        np.testing.assert_allclose(part, shown + share * (whole - shown), atol=1e-12)
    assert np.abs(whole - shown).max() > 0.05


@pytest.mark.parametrize("shown", [0.0, 0.15])
def test_lips_close_by_the_share_too(shown):
    sad = Ask((("sad", 1.0),))
    assert closed_gap(sad, shown) == pytest.approx(PRESSED)
    assert closed_gap(replace(sad, share=0.5), shown) == pytest.approx((shown + PRESSED) / 2)
    assert closed_gap(replace(sad, share=0.0), shown) == shown
    # What parts the lips is left to the weights.
    assert closed_gap(Ask((("happy", 1.0),), share=0.5), shown) is None


def test_units_that_part_no_lips_keep_open_ones_open():
    frown = Ask(action_units=units(au4=3.0))
    assert closed_gap(frown, 0.1) is None
    assert closed_gap(frown, 0.0) == PRESSED
