import made_up
import numpy as np
import pytest

from faceedit.methods.reggan.condition import BLOCKS
from faceedit.methods.reggan.pairs import pair_shares, single_strengths, usable
from faceedit.targets import EXPRESSIONS
from faceedit.training.pair_table import OWN_LIGHT

HAPPY = EXPRESSIONS.index("happy")


def shares_of(**columns) -> np.ndarray:
    table = made_up.taken(made_up.pair_table(), [HAPPY])
    for name, value in columns.items():
        column = np.asarray([value], getattr(table, name).dtype)
        table = made_up.taken(table, [0], **{name: column})
    return pair_shares(table, made_up.AMPLITUDES)[0]


def amplitudes(**asked: float) -> list[float]:
    return [asked.get(name, 0.0) for name in EXPRESSIONS]


@pytest.mark.parametrize(
    ("asked", "share", "wanted"),
    [
        ({"happy": 1.3}, 1.0, {"calm": 1.0, "happy": 1.0}),
        ({"happy": 1.3}, 0.5, {"calm": 0.5, "happy": 0.5}),
        ({"happy": 0.65, "sad": 0.6}, 1.0, {"calm": 1.0, "happy": 0.5, "sad": 0.5}),
        ({"angry": 1.65}, 1.0, {"calm": 1.0, "angry": 1.5}),
        ({"neutral": 1.0}, 1.0, {"neutral": 1.0}),
        ({"neutral": 1.0}, 0.25, {"neutral": 0.25}),
    ],
)
def test_shares_of_what_a_pair_shows(asked, share, wanted):
    found = shares_of(amplitudes=amplitudes(**asked), share=share)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx([wanted.get(name, 0.0) for name in BLOCKS])


def test_pairs_that_lead_to_photos_or_too_far_are_not_used():
    table = made_up.taken(made_up.pair_table(), range(4))
    table = made_up.taken(table, range(4), real_target=np.array([False, True, False, False]))
    shares = pair_shares(table, made_up.AMPLITUDES)
    shares[2] *= 2
    assert usable(table, shares).tolist() == [0, 3]
    assert usable(table, 0 * shares).tolist() == []


def test_pairs_of_other_light_and_pose_change_nothing_for_it():
    table = made_up.few_pairs()
    mixed = made_up.taken(table, [0, 1, 0, 2, 1, 3, 4, 5])
    light, turn = np.full(8, OWN_LIGHT), np.zeros(8, np.float32)
    light[2], turn[4] = 3, 8.0
    mixed = made_up.taken(mixed, range(8), light=light, turn=turn)
    kept = [0, 1, 3, 5, 6, 7]
    for one, rows in ((table, range(6)), (mixed, kept)):
        shares = pair_shares(one, made_up.AMPLITUDES)
        assert usable(one, shares).tolist() == list(rows)
    np.testing.assert_array_equal(single_strengths(mixed)[kept], single_strengths(table))
    assert not single_strengths(mixed)[[2, 4]].any()
