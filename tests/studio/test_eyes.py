from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from toys import toy_crop, toy_model

from faceedit.faces.topology import IRISES, LOWER_LIDS, UPPER_LIDS
from faceedit.studio.eyes import edit_eyes, match_opening, seen_landmarks
from faceedit.studio.fields import Fields
from faceedit.studio.subject import fit_subject


@pytest.fixture(scope="module")
def subject():
    return fit_subject(toy_model(), toy_crop(256, grain=0.0))


def edited(subject, **weights):
    pose = subject.posed(subject.expression + subject.model.weights(**weights))
    flow = np.zeros((subject.crop.size, subject.crop.size, 2), np.float32)
    edit = edit_eyes(subject, pose, flow)
    fields = Fields(edit.flow, edit.log_ratio, edit.paint, edit.opacity)
    return edit, fields.compose(subject.crop.pixels)


def eyes(subject, ids):
    return [subject.crop.landmarks[list(n), :2] for n in ids]


def near_eyes(subject, reach):
    rows, columns = np.mgrid[:256, :256]
    near = np.zeros((256, 256), bool)
    for x, y in (lids.mean(0) for lids in eyes(subject, UPPER_LIDS)):
        near |= np.hypot(columns - x, rows - y) <= reach * subject.unit
    return near


def test_the_same_pose_changes_nothing(subject):
    flow = np.random.default_rng(0).normal(size=(256, 256, 2)).astype(np.float32)
    edit = edit_eyes(subject, subject.pose, flow)
    np.testing.assert_array_equal(edit.flow, flow)
    assert not edit.opacity.any() and not edit.log_ratio.any() and not edit.revealed.any()


@pytest.mark.parametrize("weights", [{"eyeBlink": 1.0}, {"eyeWide": 1.0}, {"eyeBlink": 0.4}])
def test_far_from_the_eyes_nothing_is_touched(subject, weights):
    edit, _ = edited(subject, **weights)
    far = ~near_eyes(subject, 0.5)
    for field in (edit.flow, edit.log_ratio, edit.opacity, edit.revealed, edit.paint):
        assert not field[far].any()


def test_fields_stay_in_their_ranges(subject):
    for weights in ({"eyeBlink": 1.0}, {"eyeWide": 1.0}, {"eyeBlink": -0.3}):
        edit, _ = edited(subject, **weights)
        for field in (edit.paint, edit.opacity, edit.revealed):
            assert field.min() >= 0 and field.max() <= 1
        for field in (edit.flow, edit.log_ratio, edit.paint, edit.opacity, edit.revealed):
            assert field.dtype == np.float32 and np.isfinite(field).all()


@pytest.mark.parametrize("weights", [{"eyeBlink": 0.1}, {"eyeWide": 1.0}])
def test_the_iris_samples_itself(subject, weights):
    edit, picture = edited(subject, **weights)
    for iris in eyes(subject, IRISES):
        x, y = np.round(iris[0]).astype(int)
        here = slice(y, y + 2), slice(x - 1, x + 2)
        assert not edit.flow[here].any()
        np.testing.assert_allclose(picture[here], subject.crop.pixels[here], atol=0.05)


def test_a_wide_eye_shows_a_round_iris_and_more_white(subject):
    edit, picture = edited(subject, eyeWide=1.0)
    assert edit.revealed.sum() > 10
    dark = (subject.crop.pixels[..., 2] > subject.crop.pixels[..., 0] + 0.1).sum()
    assert (picture[..., 2] > picture[..., 0] + 0.1).sum() > dark
    white = picture.min(-1) > 0.7
    assert white.sum() > (subject.crop.pixels.min(-1) > 0.7).sum()


def test_a_shut_eye_is_all_skin_and_lashes(subject):
    _, picture = edited(subject, eyeBlink=1.0)
    for upper, lower in zip(eyes(subject, UPPER_LIDS), eyes(subject, LOWER_LIDS), strict=True):
        middle = (upper + lower)[2:-2] / 2
        x, y = np.round(middle).astype(int).T
        red, _, blue = picture[y, x].T
        assert (red > blue).all()
        assert (red < 0.87).all()


def test_what_is_held_stays(subject):
    pose = subject.posed(subject.expression + subject.model.weights(eyeBlink=1.0))
    flow = np.zeros((256, 256, 2), np.float32)
    edit = edit_eyes(subject, pose, flow, np.ones((256, 256), np.float32))
    for field in (edit.flow, edit.log_ratio, edit.opacity, edit.revealed):
        assert not field.any()


def test_a_shut_eye_opens_only_when_asked_to(subject):
    shut = subject.posed(subject.expression + subject.model.weights(eyeBlink=1.0))
    landmarks = subject.moved_landmarks(shut)
    _, picture = edited(subject, eyeBlink=1.0)
    crop = replace(subject.crop, pixels=picture, landmarks=landmarks)
    asleep = replace(subject, crop=crop, pose=shut)
    flow = np.zeros((256, 256, 2), np.float32)
    assert edit_eyes(asleep, subject.pose, flow).revealed.sum() < 5
    awake = edit_eyes(asleep, subject.pose, flow, may_open=True)
    for upper, lower in zip(eyes(subject, UPPER_LIDS), eyes(subject, LOWER_LIDS), strict=True):
        x, y = np.round((upper + lower)[3:-3] / 2).astype(int).T
        assert (awake.opacity[y, x] > 0.95).all()
        assert (awake.revealed[y, x] > 0.5).all()


def test_lids_close_more_and_more(subject):
    uncovered, near = [], near_eyes(subject, 0.35)
    for weight in (0.0, 0.25, 0.5, 0.75, 1.0):
        _, picture = edited(subject, eyeBlink=weight)
        uncovered.append((picture[..., 2] > picture[..., 0] - 0.08)[near].sum())
    assert uncovered == sorted(uncovered, reverse=True)
    assert uncovered[-1] < 0.1 * uncovered[0]


def test_a_little_more_weight_changes_little(subject):
    weights = np.linspace(0, 1, 21)
    pictures = [edited(subject, eyeBlink=w)[1] for w in weights]
    steps = [np.abs(b - a).mean() for a, b in pairwise(pictures)]
    assert max(steps) < 6 * np.mean(steps)


def lid_gap(subject, landmarks, eye=0):
    upper, lower = (list(lids[eye][2:-2]) for lids in (UPPER_LIDS, LOWER_LIDS))
    return float((landmarks[lower, 1] - landmarks[upper, 1]).mean() / subject.unit)


def blinking(subject, weight):
    return subject.posed(subject.expression + subject.model.weights(eyeBlink=weight))


def test_landmarks_of_the_same_pose_are_those_of_the_photo(subject):
    seen = seen_landmarks(subject, subject.pose)
    assert seen.shape == (478, 3)
    np.testing.assert_allclose(seen, subject.crop.landmarks, atol=0.05)


def test_landmarks_show_lids_that_meet_and_irises_that_stay(subject):
    seen = seen_landmarks(subject, blinking(subject, 1.0))
    for eye in (0, 1):
        assert abs(lid_gap(subject, seen, eye)) < 0.005
    still = [i for iris in IRISES for i in iris]
    np.testing.assert_array_equal(seen[still], subject.crop.landmarks[still])
    gaps = [lid_gap(subject, seen_landmarks(subject, blinking(subject, w))) for w in (0, 0.4, 0.8)]
    assert gaps == sorted(gaps, reverse=True) and gaps[0] > gaps[1] > gaps[2] > 0


def test_lids_close_by_the_share_of_the_model_whatever_the_photo_shows(subject):
    landmarks = subject.crop.landmarks.copy()
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        inner = list(upper[1:-1])
        landmarks[inner, 1] += 0.4 * (landmarks[list(lower[1:-1])] - landmarks[inner])[:, 1]
    narrow = replace(subject, crop=replace(subject.crop, landmarks=landmarks))
    pose = blinking(subject, 0.5)
    shares = [
        lid_gap(s, seen_landmarks(s, pose)) / lid_gap(s, s.crop.landmarks)
        for s in (subject, narrow)
    ]
    assert shares[1] == pytest.approx(shares[0], abs=0.05)
    assert 0.2 < shares[0] < 0.7
    assert lid_gap(narrow, seen_landmarks(narrow, blinking(subject, 1.0))) == pytest.approx(
        0, abs=0.005
    )


def test_shut_eyes_open_in_the_landmarks_only_when_they_may(subject):
    shut = blinking(subject, 1.0)
    crop = replace(subject.crop, landmarks=seen_landmarks(subject, shut))
    asleep = replace(subject, crop=crop, pose=shut)
    shy, free = (
        lid_gap(subject, seen_landmarks(asleep, subject.pose, may_open=m)) for m in (False, True)
    )
    assert shy < 0.01
    assert free == pytest.approx(lid_gap(subject, subject.crop.landmarks), abs=0.02)


def test_matching_moves_the_upper_lid_alone(subject):
    pose = blinking(subject, 0.6)
    moved = subject.moved_landmarks(pose)[:, :2]
    matched = match_opening(subject, pose, 0, moved)
    changed = np.flatnonzero(np.abs(matched - moved).max(1) > 0)
    assert set(changed) <= set(UPPER_LIDS[0][1:-1])
