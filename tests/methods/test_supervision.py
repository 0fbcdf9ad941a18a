import cv2
import made_up
import numpy as np
import pytest

from faceedit.faces.topology import (
    EYES,
    INNER_LIPS,
    IRISES,
    LOWER_INNER_LIP,
    N_SURFACE,
    OUTER_LIPS,
    UPPER_INNER_LIP,
    mean_shape,
)
from faceedit.methods.reggan.prior import MODES, mouth_gap
from faceedit.methods.reggan.supervision import (
    SHOWS_INSIDE,
    displaced,
    expression_fields,
    extend,
)

SIZE, HALF = 256, 128
NO_CODE = np.zeros(MODES)
MOUTH = sorted({*OUTER_LIPS, *INNER_LIPS})


def neutral_face() -> np.ndarray:
    return made_up.place(mean_shape(), centre=(128, 95))


def happy_face() -> np.ndarray:
    return made_up.place(mean_shape() + made_up.smile(), centre=(128, 95))


def fields_of(landmarks, moved, ratio, eyeglasses=False):
    return expression_fields(landmarks, moved, ratio, made_up.prior(), SIZE, HALF, eyeglasses)


def sample(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A field of half the crop's size at points of the crop."""
    x, y = (((points[:, :2] + 0.5) / 2 - 0.5).astype(np.float32)).T
    return cv2.remap(field, x[None], y[None], cv2.INTER_LINEAR)[0]


def test_the_flow_points_back_to_where_the_skin_comes_from():
    before = neutral_face()
    moved, ratio = displaced(before, made_up.prior(), "happy", 1.0, NO_CODE, True)
    fields = fields_of(before, moved, ratio)
    assert fields.flow.shape == (HALF, HALF, 2)
    eyes = {i for eye in EYES for i in eye}
    skin = [i for i in range(N_SURFACE) if i not in eyes and i not in INNER_LIPS]
    wrong = moved[skin, :2] + sample(fields.flow, moved[skin]) - before[skin, :2]
    assert np.abs(moved - before).max() > 8
    assert np.percentile(np.abs(wrong), 95) < 0.7
    np.testing.assert_allclose(fields.landmarks, moved)


def test_the_log_ratio_lies_where_the_skin_lies_after_the_edit():
    before = neutral_face()
    moved, ratio = displaced(before, made_up.prior(), "happy", 1.0, NO_CODE, True)
    fields = fields_of(before, moved, ratio)
    points = [205, 425, 9]
    expected = made_up.shade(mean_shape()[points, :2])
    np.testing.assert_allclose(sample(fields.log_ratio, moved[points]), expected, atol=0.05)


def test_eyeballs_stand_still():
    before = neutral_face()
    moved = before.copy()
    moved[:N_SURFACE] += np.array([0.0, 1.0, 0.0], np.float32)
    fields = fields_of(before, moved, np.zeros_like(made_up.prior().log_ratio[0]))
    for iris in IRISES:
        assert np.abs(sample(fields.flow, before[[iris[0]]])).max() < 0.25
    np.testing.assert_allclose(sample(fields.flow, moved[[9, 205]])[:, 1], -1.0, atol=0.02)


def test_amplitude_nothing_asks_for_nothing():
    before = neutral_face()
    for name in ("happy", "neutral"):
        moved, ratio = displaced(before, made_up.prior(), name, 0.0, NO_CODE)
        np.testing.assert_allclose(moved, before, atol=1e-4)
        fields = fields_of(before, moved, ratio)
        assert np.abs(fields.flow).max() < 1e-3
        assert np.abs(fields.log_ratio).max() < 1e-6


def test_neutral_takes_away_what_a_face_shows():
    before = happy_face()
    moved, ratio = displaced(before, made_up.prior(), "neutral", 1.0, NO_CODE)
    target = neutral_face()
    was = np.abs(before[MOUTH] - target[MOUTH]).mean()
    assert np.abs(moved[MOUTH] - target[MOUTH]).mean() < 0.2 * was
    assert mouth_gap(moved) < 0.01 < mouth_gap(before)
    assert ratio.max() > 0.1
    calm = neutral_face()
    moved, ratio = displaced(calm, made_up.prior(), "neutral", 1.0, NO_CODE)
    np.testing.assert_allclose(moved, calm, atol=0.3)
    known, ratio = displaced(before, made_up.prior(), "neutral", 1.0, NO_CODE, True)
    np.testing.assert_array_equal(known, before)
    assert not ratio.any()


def test_an_expressive_face_is_not_made_to_show_it_twice():
    before = happy_face()
    moved, _ = displaced(before, made_up.prior(), "happy", 1.0, NO_CODE)
    assert np.abs(moved[MOUTH] - before[MOUTH]).mean() < 1.5
    more, _ = displaced(before, made_up.prior(), "happy", 1.5, NO_CODE)
    assert mouth_gap(more) > 1.2 * mouth_gap(before)


def test_lips_close_without_crossing():
    before = happy_face()
    moved, _ = displaced(before, made_up.prior(), "neutral", 1.0, NO_CODE)
    upper, lower = (moved[list(lip), 1] for lip in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    assert (lower - upper > -0.2).all()


def test_paint_is_asked_for_only_where_the_photo_shows_no_inside():
    before = neutral_face()
    assert mouth_gap(before) < SHOWS_INSIDE
    moved, ratio = displaced(before, made_up.prior(), "happy", 1.0, NO_CODE, True)
    fields = fields_of(before, moved, ratio)
    middle = (moved[[13]] + moved[[14]]) / 2
    assert sample(fields.opacity, middle)[0] > 0.9
    np.testing.assert_array_equal(fields.opacity, fields.opening)
    assert fields.opacity[: HALF // 2].max() == 0
    assert np.abs(sample(fields.log_ratio, middle)).max() < 0.02
    smiling = happy_face()
    moved, ratio = displaced(smiling, made_up.prior(), "happy", 1.5, NO_CODE)
    fields = fields_of(smiling, moved, ratio)
    assert fields.opacity.max() == 0
    assert fields.opening.max() == 1


def test_spectacles_stay_where_they_are():
    before = neutral_face()
    moved = before + np.array([0, 5.0, 0], np.float32)
    ratio = np.full_like(made_up.prior().log_ratio[0], 0.2)
    fields = fields_of(before, moved, ratio, eyeglasses=True)
    assert np.abs(sample(fields.flow, before[[33, 105, 10]])).max() < 1e-6
    np.testing.assert_allclose(sample(fields.flow, before[[17, 61]])[:, 1], -5.0, atol=0.05)
    assert sample(fields.log_ratio, before[[9]]).max() == pytest.approx(0.06, abs=1e-3)


def test_weight_is_sure_of_the_face_only():
    before = neutral_face()
    weight = fields_of(before, before, np.zeros_like(made_up.prior().log_ratio[0])).weight
    assert weight[0].max() == 0
    assert sample(weight, before[[1]])[0] == pytest.approx(1.0)


def test_extend_keeps_what_is_known_and_fades_beyond():
    known = np.zeros((64, 64), bool)
    known[24:40, 24:40] = True
    field = np.where(known[..., None], np.array([3.0, -2.0], np.float32), np.float32(99.0))
    extended = extend(field, known, reach=8.0)
    np.testing.assert_array_equal(extended[known], field[known])
    row = extended[32, 39:, 0]
    assert (np.diff(row) <= 1e-5).all()
    assert row[8] == pytest.approx(3.0 / np.e, rel=0.1)
    assert np.abs(extended[0, 0]).max() < 1e-3
    assert not extend(field, np.zeros_like(known), reach=8.0).any()
