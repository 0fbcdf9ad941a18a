from dataclasses import replace

import numpy as np
import pytest

from faceedit.faces.topology import INNER_LIPS
from faceedit.lights import LIGHTS
from faceedit.regions import Region
from faceedit.studio.expressions import Ask
from faceedit.studio.pairs import make_pair, make_real_target
from faceedit.studio.sampling import Order
from faceedit.studio.shards import decode_pair, encode_pair
from faceedit.studio.sitting import take_sitting
from faceedit.targets import ACTION_UNITS

SIZE = 128
HAPPY = Ask((("happy", 1.3),))
SURPRISED = Ask((("surprised", 1.3),))


@pytest.fixture(scope="module")
def neutral(rig, folder_and_sources):
    return take_sitting(rig, folder_and_sources[1][0], SIZE)


@pytest.fixture(scope="module")
def smiling(rig, folder_and_sources):
    return take_sitting(rig, folder_and_sources[1][1], SIZE)


def composed(pair):
    return pair.fields.compose(pair.input.astype(np.float32) / 255) * 255


ORDERS = [
    Order(HAPPY),
    Order(SURPRISED),
    Order(Ask((), tuple(4.0 * (u in (4, 9)) for u in ACTION_UNITS))),
    Order(light="left"),
    Order(HAPPY, "rim_right", (1.2, 1.0, 0.8)),
    Order(turn=15.0),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda o: f"{o.ask}-{o.light}-{o.turn:g}")
def test_recorded_fields_give_the_target_back(rig, neutral, order):
    pair = make_pair(rig, neutral, order, seed=1)
    stored = decode_pair(encode_pair(pair))
    difference = np.abs(composed(stored) - stored.target)
    assert difference[stored.fields.opacity < 0.5].mean() < 0.5
    assert np.abs(pair.target.astype(float) - pair.input).max() > 20


def test_fields_lead_back_to_a_real_photo(rig, smiling):
    pair = make_real_target(rig, smiling, Ask(), seed=1)
    photo = smiling.sitter.subject.crop.pixels
    np.testing.assert_array_equal(pair.target, np.rint(photo * 255).astype(np.uint8))
    assert pair.labels.real == "target"
    assert pair.labels.ask == smiling.shows
    # Dice shaped the input alone.
    assert pair.choices.mouth == -1 and not pair.choices.folds
    assert pair.choices.gap_target > pair.choices.gap_input + 0.05
    assert np.abs(composed(pair) - pair.target)[pair.fields.opacity < 0.5].mean() < 1.5
    assert np.abs(pair.input.astype(float) - pair.target).max() > 40


def test_a_neutral_face_stays_as_it_is(rig, neutral):
    pair = make_pair(rig, neutral, Order(Ask()), seed=1)
    assert np.abs(pair.target.astype(float) - pair.input).mean() < 0.5


def test_the_background_stands_still(rig, neutral):
    pair = make_pair(rig, neutral, Order(SURPRISED), seed=1)
    border = np.ones((SIZE, SIZE), bool)
    border[8:-8, 8:-8] = False
    assert np.abs(pair.target.astype(float) - pair.input)[border].mean() <= 1.0


def test_a_seed_decides_everything(rig, neutral):
    first, again, other = (make_pair(rig, neutral, Order(HAPPY), seed=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(first.target, again.target)
    assert first.choices == again.choices
    assert other.choices != first.choices


def test_what_was_asked_is_what_the_labels_say(rig, neutral):
    units = tuple(3.0 * (u == 12) for u in ACTION_UNITS)
    pair = make_pair(rig, neutral, Order(Ask((), units), "top"), seed=0)
    assert pair.labels.action_units[ACTION_UNITS.index(12)] >= 3.0
    assert pair.labels.light == "top"
    assert not pair.labels.measured
    happy = make_pair(rig, neutral, Order(HAPPY), seed=0)
    assert happy.labels.action_units[ACTION_UNITS.index(12)] > 1.5


def test_an_opened_mouth_is_painted_and_mapped(rig, neutral):
    pair = make_pair(rig, neutral, Order(SURPRISED), seed=0)
    assert pair.choices.gap_target > pair.choices.gap_input + 0.05
    painted = pair.painted > 0.5
    assert painted.any()
    assert (pair.regions_target[painted] == Region.MOUTH).mean() > 0.9
    assert pair.fields.opacity[painted].mean() > 0.8
    assert pair.tooth_coordinates.min() >= 0 and pair.tooth_coordinates.max() <= 1


def test_landmarks_follow_the_pixels(rig, neutral):
    pair = make_pair(rig, neutral, Order(HAPPY), seed=0)
    corner = 61
    x, y = np.rint(pair.landmarks_target[corner, :2]).astype(int)
    source = pair.landmarks_target[corner, :2] + pair.fields.flow[y, x]
    assert np.linalg.norm(source - pair.landmarks_input[corner, :2]) < 1.0


def from_the_left(sitting):
    subject = sitting.sitter.subject
    shade = np.linspace(1.2, 0.5, SIZE, dtype=np.float32)[None, :, None]
    crop = replace(subject.crop, pixels=subject.crop.pixels * shade)
    return replace(sitting, sitter=replace(sitting.sitter, subject=replace(subject, crop=crop)))


def test_every_pair_knows_the_light_of_its_input(rig, neutral, smiling):
    for order in ORDERS:
        x, _, _ = make_pair(rig, from_the_left(neutral), order, seed=0).labels.input_light
        assert x < -0.05
    led = make_real_target(rig, from_the_left(smiling), Ask(), seed=0)
    assert led.labels.input_light[0] < -0.05


def test_light_alone_moves_nothing(rig, neutral):
    pair = make_pair(rig, neutral, Order(light="right"), seed=0)
    assert not pair.fields.flow.any()
    left, right = (
        pair.fields.log_ratio[50:80, columns].mean() for columns in (slice(40, 58), slice(70, 88))
    )
    assert right > left + 0.1


def test_every_light_has_its_own_ratio(rig, neutral):
    means = {
        name: make_pair(rig, neutral, Order(light=name), seed=0).target.mean((0, 1))
        for name in ("bright", "dim", "left")
    }
    assert set(means) <= set(LIGHTS)
    assert means["bright"].mean() > means["dim"].mean() + 20


def test_a_hat_is_no_hair(rig, neutral, folder_and_sources):
    source = folder_and_sources[1][0]
    covered = take_sitting(rig, replace(source, photo=replace(source.photo, hat=True)), SIZE)
    bare, regions = neutral.sitter.regions, covered.sitter.regions
    changed = bare != regions
    assert ((bare == Region.HAIR) & (regions == Region.CLOTHES)).sum() > 0.5 * changed.sum() > 50
    assert (regions == Region.HAIR).sum() < 0.7 * (bare == Region.HAIR).sum()


def test_half_the_way_is_half_the_gap_and_half_the_movement(rig, neutral):
    whole, half = (
        make_pair(rig, neutral, Order(replace(SURPRISED, share=s)), seed=0, varied=False)
        for s in (1.0, 0.5)
    )
    start = whole.landmarks_input
    gap = (whole.choices.gap_input + whole.choices.gap_target) / 2
    assert half.choices.gap_target == pytest.approx(gap, abs=0.01)
    moved = np.linalg.norm((whole.landmarks_target - start)[:, :2], axis=1)
    middle = (whole.landmarks_target + start) / 2
    apart = np.linalg.norm((half.landmarks_target - middle)[:, :2], axis=1)
    assert moved.max() > 5 and apart.max() < 0.1 * moved.max()
    np.testing.assert_allclose(
        half.jaws_target, (whole.jaws_target + half.jaws_input) / 2, atol=0.1 * moved.max()
    )
    assert half.labels.ask.share == 0.5
    jaw = ACTION_UNITS.index(26)
    assert 0 < half.labels.action_units[jaw] < whole.labels.action_units[jaw]


def test_lips_that_close_half_the_way_stay_half_open(rig, smiling):
    sad = Ask((("sad", 1.0),))
    gaps = [
        make_pair(rig, smiling, Order(replace(sad, share=s)), seed=0).choices for s in (0.5, 1.0)
    ]
    shown = gaps[0].gap_input
    assert shown > 0.05
    assert gaps[0].gap_target == pytest.approx(shown / 2, abs=0.02)
    assert gaps[1].gap_target < 0.02


def test_a_pair_knows_where_its_jaws_are(rig, neutral):
    pair = make_pair(rig, neutral, Order(SURPRISED), seed=0)
    assert pair.jaws_input.shape == pair.jaws_target.shape == (20, 2)
    lips = pair.landmarks_input[list(INNER_LIPS), :2].mean(0)
    assert (np.abs(pair.jaws_input[:10] - lips) < 0.25 * SIZE).all()
    np.testing.assert_allclose((pair.jaws_target - pair.jaws_input)[:10], 0, atol=0.6)
    lit = make_pair(rig, neutral, Order(light="left"), seed=0)
    np.testing.assert_array_equal(lit.jaws_input, lit.jaws_target)


def test_plain_pairs_do_not_depend_on_the_seed(rig, neutral):
    first, other = (make_pair(rig, neutral, Order(SURPRISED), seed=s, varied=False) for s in (1, 2))
    np.testing.assert_array_equal(first.target, other.target)
    assert first.choices.mouth == 0 and first.choices.mouth_brightness == 1
    one, two = (make_real_target(rig, neutral, HAPPY, seed=s, varied=False) for s in (1, 2))
    np.testing.assert_array_equal(one.input, two.input)
