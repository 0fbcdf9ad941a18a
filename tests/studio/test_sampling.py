from collections import Counter

import numpy as np
import pytest

from faceedit.errors import UsageError
from faceedit.lights import LIGHTS
from faceedit.studio.expressions import AMPLITUDES
from faceedit.studio.sampling import (
    LARGEST_TURN,
    LEAST_SHARE,
    LID_UNITS,
    Menu,
    draw_order,
    draw_units,
)
from faceedit.targets import ACTION_UNITS

NAMES = ("neutral", "happy", "sad", "angry")


def orders(menu, count=400, seed=0):
    rng = np.random.default_rng(seed)
    return [draw_order(menu, rng) for _ in range(count)]


def test_the_same_seed_draws_the_same_orders():
    menu = Menu(NAMES, turns=True)
    assert orders(menu) == orders(menu)
    assert orders(menu) != orders(menu, seed=1)


def test_expressions_keep_to_the_menu_and_to_their_ranges():
    blends = 0
    seen = Counter()
    for order in orders(Menu(NAMES, action_units=False, lights=()), 1000):
        ask = order.ask
        assert ask is not None and not ask.of_units
        assert order.light is None and order.turn == 0
        total = sum(amplitude for _, amplitude in ask.blend)
        if ask.blend:
            assert AMPLITUDES[0] - 0.011 <= total <= AMPLITUDES[1] + 0.011
            assert ask.manner > 0
        assert len({n for n, _ in ask.blend}) == len(ask.blend) <= 2
        assert {n for n, _ in ask.blend} <= set(NAMES) - {"neutral"}
        assert abs(ask.lean) <= 0.4
        blends += len(ask.blend) == 2
        seen[ask.blend[0][0] if ask.blend else "neutral"] += 1
    assert 40 < blends < 160
    assert all(180 < count < 320 for count in seen.values()) and len(seen) == 4


def test_action_units_come_singly_at_whole_intensities_or_mixed():
    sizes = Counter()
    for order in orders(Menu((), lights=())):
        assert order.ask is not None and order.ask.of_units and not order.ask.blend
        values = [v for v in order.ask.action_units if v]
        sizes[len(values)] += 1
        assert all(0.2 <= v <= 5.0 for v in values)
        if len(values) == 1:
            assert values[0] in (1.0, 2.0, 3.0, 4.0, 5.0)
    assert {1, 2, 3, 4, 5} <= set(sizes) <= set(range(1, 8))
    assert 120 < sizes[1] < 200


def test_units_that_a_face_shows_are_taken_away_and_hidden_ones_left_alone():
    shown = np.zeros(17)
    shown[[4, 8, 15]] = 2.0, 3.0, 1.5  # 6, 12 and 26
    rng = np.random.default_rng(0)
    asks = [draw_units(rng, shown, LID_UNITS, varied=False) for _ in range(400)]
    away = [ask for ask in asks if min(ask.action_units) < 0]
    assert 160 < len(away) < 240
    for ask in asks:
        left, right = ask.side_units
        for unit, one, other in zip(ACTION_UNITS, left, right, strict=True):
            assert not (unit in LID_UNITS and (one or other))
        assert abs(ask.lean) in (0, 1) and ask.manner == 0
    for ask in away:
        changes = zip(ACTION_UNITS, ask.action_units, strict=True)
        assert {unit for unit, change in changes if change < 0} <= {12, 26}
        assert ask.lean == 0 and 0.3 <= ask.share <= 1
    one_sided = [ask for ask in asks if ask.lean]
    assert all(not any(ask.side_units[ask.lean > 0]) for ask in one_sided)
    assert max(v for ask in one_sided for side in ask.side_units for v in side) <= 5


def test_lights_and_turns():
    only_light = orders(Menu((), action_units=False, lights=("left", "rim_left")), 200)
    assert {o.light for o in only_light} == {"left", "rim_left"}
    assert all(o.ask is None for o in only_light)
    coloured = [o for o in only_light if o.light_colour != (1.0, 1.0, 1.0)]
    assert 30 < len(coloured) < 90
    assert all(0.7 <= c <= 1.3 for o in coloured for c in o.light_colour)
    turned = orders(Menu((), action_units=False, lights=(), turns=True), 200)
    assert all(o.turn and abs(o.turn) <= LARGEST_TURN for o in turned)
    assert min(o.turn for o in turned) < -20 and max(o.turn for o in turned) > 20


def test_everything_on_the_menu_is_drawn_about_as_often_as_it_says():
    kinds = Counter()
    for o in orders(Menu(NAMES, turns=True), 1200):
        ask = "none" if o.ask is None else "units" if o.ask.of_units else "expression"
        kinds[ask, o.light is not None, o.turn != 0] += 1
    shares = {k: 12 * n / 1200 for k, n in kinds.items()}
    assert shares == {
        ("expression", False, False): pytest.approx(5, abs=0.6),
        ("units", False, False): pytest.approx(3, abs=0.6),
        ("none", True, False): pytest.approx(1, abs=0.4),
        ("expression", True, False): pytest.approx(2, abs=0.5),
        ("none", False, True): pytest.approx(1, abs=0.4),
    }


def test_menus_that_make_no_sense():
    with pytest.raises(UsageError, match="unknown light moon"):
        Menu(NAMES, lights=("moon",))
    with pytest.raises(UsageError, match="nothing is asked for"):
        Menu((), action_units=False, lights=())
    assert Menu(NAMES).lights == tuple(LIGHTS)


def asks(menu, count=300):
    return [order.ask for order in orders(menu, count) if order.ask is not None]


def test_a_plain_menu_leaves_nothing_to_chance():
    found = asks(Menu(NAMES, varied=False))
    # Action units come on one side alone or on both alike.
    assert all(ask.manner == 0 and ask.lean in ((-1, 0, 1) if ask.of_units else (0,))
               for ask in found)  # fmt: skip
    assert {ask.of_units for ask in found} == {True, False}


def test_some_expressions_go_only_a_part_of_the_way():
    found = asks(Menu(NAMES, lights=(), action_units=False, partway=0.4), 600)
    shares = [ask.share for ask in found if ask.share < 1]
    assert 180 < len(shares) < 300
    assert min(shares) >= LEAST_SHARE and np.ptp(shares) > 0.6
    assert any(not ask.blend for ask in found if ask.share < 1)
    assert all(ask.share == 1 for ask in asks(Menu(NAMES)))
    always = asks(Menu(NAMES, lights=(), action_units=False, partway=1.0), 50)
    assert sum(ask.share < 1 for ask in always) >= 49
    # Action units always go all the way.
    assert all(ask.share == 1 for ask in asks(Menu((), lights=(), partway=1.0), 50))


def test_amplitudes_are_those_of_the_menu():
    menu = Menu(NAMES, lights=(), action_units=False, amplitudes=(1.2, 1.3))
    totals = [sum(a for _, a in ask.blend) for ask in asks(menu) if ask.blend]
    assert min(totals) >= 1.19 and max(totals) <= 1.31
    one = Menu(NAMES, lights=(), action_units=False, amplitudes=(1.0, 1.0))
    assert {a for ask in asks(one) if len(ask.blend) == 1 for _, a in ask.blend} == {1.0}


@pytest.mark.parametrize("amplitudes", [(0, 1), (1.2, 1.1), (0.5, 2.6), (-1, 1), (float("nan"), 1)])
def test_amplitudes_that_make_no_sense(amplitudes):
    with pytest.raises(UsageError, match="amplitudes lie between"):
        Menu(NAMES, amplitudes=amplitudes)


@pytest.mark.parametrize("partway", [-0.1, 1.1, float("nan")])
def test_shares_that_make_no_sense(partway):
    with pytest.raises(UsageError, match="share of expressions lies between 0 and 1"):
        Menu(NAMES, partway=partway)
