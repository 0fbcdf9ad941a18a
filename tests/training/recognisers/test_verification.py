"""Tests of pairs of pictures and of how they are counted."""

import numpy as np
import pytest

from faceedit.training.recognisers.verification import (
    Pairs,
    accuracy,
    best_threshold,
    choose_pairs,
    count_pairs,
    merge_people,
    roc_area,
    tiny_pictures,
)


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 48, 48, 3), dtype=np.uint8)


def test_tiny_pictures_correlate_with_themselves_at_other_exposures(pictures: np.ndarray):
    dark = (pictures // 2).astype(np.uint8)
    tiny = tiny_pictures(np.concatenate([pictures, dark]))
    agreement = tiny[:6] @ tiny[6:].T
    assert np.diag(agreement).min() > 0.99
    assert np.abs(agreement - np.diag(np.diag(agreement))).max() < 0.5


def test_people_who_share_a_photo_become_one(pictures: np.ndarray):
    tiny = tiny_pictures(pictures[[0, 1, 1, 2, 2, 3]])
    people = np.array(["d", "c", "b", "b", "a", "e"])
    assert merge_people(people, tiny, batch=2).tolist() == ["d", "a", "a", "a", "a", "e"]


def test_pairs_are_capped_for_each_person_and_leave_copies_out(pictures: np.ndarray):
    order = [0, 1, 2, 3, 4, 0, 5]
    people = np.array(["many"] * 5 + ["copied"] * 2)
    tiny = tiny_pictures(pictures[order])
    pairs = choose_pairs(people, np.ones(7, bool), tiny=tiny, most=4, others=50)
    assert pairs.same.sum() == 5
    assert (people[pairs.first] == people[pairs.second]).tolist() == pairs.same.tolist()
    twice = choose_pairs(people[[0, 0]], np.ones(2, bool), tiny=tiny[[0, 0]], others=0)
    assert len(twice) == 0


def test_pairs_stay_among_the_pictures_asked_for():
    people = np.array(["a", "a", "b", "b", "c"])
    pairs = choose_pairs(people, np.array([1, 0, 1, 1, 0], bool), others=20)
    assert set(pairs.first) | set(pairs.second) <= {0, 2, 3}


def test_area_is_the_chance_that_the_same_person_scores_higher():
    same = np.array([True, True, False, False])
    assert roc_area(np.array([0.9, 0.8, 0.1, 0.2]), same) == 1
    assert roc_area(np.array([0.9, 0.15, 0.1, 0.2]), same) == 0.75
    assert roc_area(np.zeros(4), same) == 0.5
    weights = np.array([1.0, 3.0, 1.0, 1.0])
    assert roc_area(np.array([0.9, 0.15, 0.1, 0.2]), same, weights) == pytest.approx(0.625)


def test_best_threshold_beats_all_others():
    rng = np.random.default_rng(1)
    same = rng.random(200) < 0.3
    scores = rng.normal(same * 1.0, 0.7)
    reached = accuracy(scores, same, best_threshold(scores, same))
    assert reached >= max(accuracy(scores, same, t) for t in scores) - 1e-9


def test_pairs_count_as_often_as_their_people():
    pairs = Pairs(np.array([0, 2, 0]), np.array([1, 3, 2]), np.array([True, True, False]))
    weights = count_pairs(pairs, np.array([0, 0, 1, 1]), np.array([2.0, 3.0]))
    assert weights.tolist() == [2, 3, 6]
