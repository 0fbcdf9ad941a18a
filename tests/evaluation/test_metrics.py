import numpy as np
import pytest
from toy_edits import Reader, edits_of, evidence_of, landmarks, pictures_of

from faceedit.evaluation.edits import NONE, Asked
from faceedit.evaluation.metrics import (
    METRICS,
    expression,
    find_metric,
    identity,
    likeness,
    merit,
    realism,
)
from faceedit.evaluation.metrics.frechet import frechet_distance
from faceedit.targets import ACTION_UNITS, EXPRESSIONS, Target, UnitChange, parse_target

HAPPY = Asked(parse_target("happy"))
E = len(EXPRESSIONS)


def test_names_are_once_and_every_one_says_what_it_is():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert (metric.each is None) != (metric.whole is None)
        assert len(metric.about) > 20
        assert metric.highest is None or metric.lowest < metric.highest
    assert find_metric("ECS").source.startswith("RegGAN")


def test_ecs_counts_results_that_are_named_as_asked():
    probabilities = np.zeros((8, E))
    probabilities[[4, 5, 6, 7], [1, 1, 0, 3]] = 1
    pictures = pictures_of(range(8), [*"abcd"] * 2)
    asked = (HAPPY, Asked(parse_target("angry")), Asked(parse_target("happy+sad")))
    edits = edits_of(pictures, [0, 1, 2, 3], [4, 5, 6, 7], asked, which=[0, 2, 0, 1])
    evidence = evidence_of(edits, expression=Reader(probabilities=probabilities))
    np.testing.assert_array_equal(expression.ecs(evidence), [1, np.nan, 0, 1])


def test_editing_accuracy_is_of_the_attributes_that_were_asked_for():
    seen = np.full((4, 13), 0.9)
    seen[3, 6] = 0.1
    pictures = pictures_of(range(4), [*"abab"])
    asked = Asked(parse_target("attr=eyeglasses=off,beard=on"))
    edits = edits_of(pictures, [0, 1], [2, 3], (asked, HAPPY))
    evidence = evidence_of(edits, appearance=Reader(attributes=seen))
    np.testing.assert_array_equal(expression.editing_accuracy(evidence), [0.5, 1])


def test_action_units_are_compared_with_those_asked_for_or_those_of_the_real_photo():
    units = np.random.default_rng(0).uniform(0, 5, (9, 17))
    units[[3, 4, 5]] = units[[6, 7, 8]]
    units[5] += 1
    pictures = pictures_of(range(9), [*"abc"] * 3)
    edits = edits_of(pictures, [0, 1, 2], [3, 4, 5], real=[6, 7, 8])
    evidence = evidence_of(edits, **{"unit-judge": Reader(intensities=units)})
    np.testing.assert_allclose(expression.au_mse(evidence), [0, 0, 1], atol=1e-5)
    assert 0.8 < expression.au_pcc(evidence)(np.ones(3)) < 1
    assert expression.au_pcc(evidence)(np.array([2.0, 1, 0])) == pytest.approx(1)
    terms = zip(ACTION_UNITS, units[0], strict=True)
    asked = Asked(Target(tuple(UnitChange(unit, float(one)) for unit, one in terms)))
    evidence = evidence_of(
        edits_of(pictures, [0], [1], (asked,)), **{"unit-judge": Reader(intensities=units)}
    )
    wanted = np.mean((units[0] - units[1]) ** 2)
    assert expression.au_mse(evidence)[0] == pytest.approx(wanted, rel=1e-5)
    # One target alone varies in nothing.
    assert np.isnan(expression.au_pcc(evidence)(np.array([2.0, 0, 0])))


def test_identity():
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0.6, 0.8, 0], [0, 1, 0], [0, 0, 1]], float)
    pictures = pictures_of(range(5), [*"ababa"])
    edits = edits_of(pictures, [0, 1], [2, 3], real=[4, NONE])
    reader = Reader(embedding=vectors, threshold=np.full(5, 0.7))
    evidence = evidence_of(edits, identity=reader)
    np.testing.assert_allclose(identity.fss(evidence), [0.6, 1], atol=1e-6)
    np.testing.assert_array_equal(identity.identity_verification(evidence), [0, 1])
    np.testing.assert_array_equal(identity.identity_verification_real(evidence), [0, np.nan])
    wanted = [np.corrcoef(vectors[0], vectors[2])[0, 1], 1]
    np.testing.assert_allclose(identity.match_score(evidence), wanted, atol=1e-6)
    wanted = [np.corrcoef(vectors[4], vectors[2])[0, 1], np.nan]
    np.testing.assert_allclose(identity.match_score_target(evidence), wanted, atol=1e-6)
    assert reader.seen == 5, "every picture is looked at once"


def test_fid_is_of_the_asked_expressions_real_photos_and_ssfid_of_the_inputs():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 3))
    features[20:40] += [4, 0, 0]
    people = [f"p{i % 20}" for i in range(40)] + [f"q{i}" for i in range(20)]
    labels = ["neutral"] * 20 + [""] * 20 + ["happy"] * 20
    features[40:] = features[20:40] + np.array([0, 0, 3])
    pictures = pictures_of(range(60), people, labels)
    edits = edits_of(pictures, range(20), range(20, 40))
    reader = Reader(features=features, pool=features, embedding=features)
    evidence = evidence_of(edits, expression=reader, inception=reader, swav=reader)
    everybody = np.ones(40)
    assert realism.fid_face(evidence)(everybody) == pytest.approx(9, rel=1e-4)
    assert realism.fid(evidence)(everybody) == pytest.approx(9, rel=1e-4)
    wanted = frechet_distance(features[:20], features[20:40])
    assert realism.ssfid(evidence)(everybody) == pytest.approx(wanted, rel=1e-4)
    few = evidence.take(np.arange(5))
    assert np.isnan(realism.fid(few)(everybody))
    unasked = evidence_of(
        edits_of(pictures, range(20), range(20, 40), (Asked(),)), inception=reader
    )
    assert np.isnan(realism.fid(unasked)(everybody))


def test_the_inception_score_is_the_number_of_classes_that_are_shown_evenly_and_surely():
    n = 240
    pictures = pictures_of(np.arange(n) % 4, [str(i) for i in range(n)], side=8)
    edits = edits_of(pictures, range(n), range(n))
    evidence = evidence_of(
        edits,
        expression=Reader(probabilities=np.eye(E)[:4]),
        inception=Reader(logits=np.eye(4) * 50),
    )
    assert realism.is_face(evidence)(np.ones(n)) == pytest.approx(4, rel=0.05)
    assert realism.inception_score(evidence)(np.ones(n)) == pytest.approx(4, rel=0.05)
    only = (np.arange(n) % 4 == 0).astype(float)
    order = np.argsort(np.array([str(i) for i in range(n)]))
    assert realism.is_face(evidence)(only[order]) == pytest.approx(1, rel=1e-6)


def test_landmarks_of_the_lips_against_the_real_photo():
    moved = landmarks(lips_down=6)
    nothing = np.full((478, 3), np.nan)
    pictures = pictures_of(range(4), [*"aaaa"], points=[None, None, moved, nothing])
    evidence = evidence_of(edits_of(pictures, [0, 0, 0, 0], [1, 2, 3, 1], real=[2, 2, 2, NONE]))
    unit = np.linalg.norm(moved[33, :2] - moved[263, :2])
    wanted = np.array([6 / unit, 0, np.nan, np.nan])
    np.testing.assert_allclose(likeness.lip_error(evidence), wanted, atol=1e-5)
    found = likeness.landmark_error(evidence)
    assert 0 < found[0] < 6 / unit
    assert found[1] == pytest.approx(0, abs=1e-6)
    np.testing.assert_array_equal(likeness.face_found(evidence), [1, 1, 0, 1])


def test_merit_turns_values_so_that_more_is_better():
    values = np.array([0.5, 1.0, 1.2])
    assert np.argmax(merit(find_metric("ECS"), values)) == 2
    assert np.argmax(merit(find_metric("AU MSE"), values)) == 0
    assert np.argmax(merit(find_metric("sharpness"), values)) == 1
