import numpy as np
import pytest

from faceedit.stats import bootstrap_mean, draw_people, draw_values, interval_of


def test_as_many_people_are_drawn_as_there_are_and_always_the_same():
    drawn = draw_people(7, draws=50)
    assert drawn.shape == (50, 7)
    np.testing.assert_array_equal(drawn.sum(1), 7)
    np.testing.assert_array_equal(drawn, draw_people(7, draws=50))
    assert drawn.std() > 0.5


def test_the_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = bootstrap_mean(values, np.arange(400), draw_people(400))
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.1)
    assert found.n == 400


def test_95_percent_intervals_hold_the_truth_about_so_often():
    rng = np.random.default_rng(1)
    drawn = draw_people(40, draws=300)
    held = 0
    for _ in range(300):
        one = bootstrap_mean(rng.exponential(1.0, 40), np.arange(40), drawn)
        held += one.low <= 1.0 <= one.high
    # Percentile intervals of 40 skewed values are known to be a little short.
    assert 0.88 <= held / 300 <= 0.97


def test_many_pictures_of_one_person_are_no_more_people():
    rng = np.random.default_rng(2)
    person = np.repeat(np.arange(20), 50)
    values = rng.normal(0, 1, 20)[person] + rng.normal(0, 0.1, 1000)
    drawn = draw_people(20)
    by_people = bootstrap_mean(values, person, drawn)
    by_pictures = bootstrap_mean(values, np.arange(1000), draw_people(1000))
    assert by_people.high - by_people.low > 4 * (by_pictures.high - by_pictures.low)


def test_a_mean_and_a_statistic_of_weights_give_one_interval():
    values, person = np.array([1.0, 4.0, np.nan, 2.0]), np.array([0, 1, 1, 2])
    drawn = draw_people(3, draws=100)

    def mean(people):
        weights = people[person][[0, 1, 3]]
        return (weights @ values[[0, 1, 3]]) / weights.sum() if weights.sum() else np.nan

    assert interval_of(draw_values(mean, drawn), 3, 3) == bootstrap_mean(values, person, drawn)


def test_nothing_to_measure():
    found = bootstrap_mean(np.full(3, np.nan), np.arange(3), draw_people(3))
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.n == 0
    assert np.isnan(interval_of(np.array([1.0, np.nan]), 2, 2).low)


def test_one_person_has_no_interval():
    found = bootstrap_mean(np.array([1.0, 2.0, np.nan]), np.array([0, 0, 1]), draw_people(2))
    assert (found.value, found.n) == (1.5, 2)
    assert np.isnan([found.low, found.high]).all()
