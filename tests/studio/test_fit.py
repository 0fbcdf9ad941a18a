from dataclasses import replace

import numpy as np
import pytest
from toys import toy_camera, toy_model

from faceedit.faces.topology import N_SURFACE
from faceedit.studio.fit import EXPRESSION_RANGE, IDENTITY_RANGE, NOT_FITTED, fit_model

SIZE = 256


def landmarks(identity=(0.0, 0.0), turn=(0.0, 0.0, 0.0), **weights):
    model = toy_model()
    vertices = model.blend(np.array(identity), model.weights(**weights))
    camera = replace(toy_camera(SIZE, SIZE / 2), turn=np.array(turn))
    return camera, camera.project(vertices)[0][:N_SURFACE]


def test_a_known_camera_and_person_are_found():
    camera, points = landmarks(identity=(1.5, -1.0), turn=(0.1, 0.25, -0.05))
    fit = fit_model(toy_model(), points)
    np.testing.assert_allclose(fit.camera.turn, camera.turn, atol=0.01)
    np.testing.assert_allclose(fit.camera.shift, camera.shift, atol=0.5)
    assert fit.camera.scale == pytest.approx(camera.scale, rel=0.01)
    # Wider and longer at once is hardly more than a larger scale: the difference counts.
    assert fit.identity[0] - fit.identity[1] == pytest.approx(2.5, rel=0.15)
    assert fit.error.shape == (N_SURFACE,)
    assert fit.error.mean() < 2e-3


def test_an_expression_is_found_shrunk_a_little_and_nothing_beside_it():
    model = toy_model()
    _, points = landmarks(mouthSmile=0.8)
    fit = fit_model(model, points)
    assert 0.5 < model.mean_weight(fit.expression, "mouthSmile") < 0.82
    others = [n for n in model.expression_names if not n.startswith(("mouth", "cheek"))]
    assert max(abs(fit.expression[model.index(n)]) for n in others) < 0.05
    assert fit.error.max() < 0.01


def test_sides_are_told_apart():
    model = toy_model()
    _, points = landmarks(jawOpen=0.5, mouthSmile_L=0.7)
    found = fit_model(model, points).expression
    assert found[model.index("jawOpen")] > 0.4
    assert found[model.index("mouthSmile_L")] > 0.4
    assert found[model.index("mouthSmile_R")] < 0.1


@pytest.mark.parametrize("amount", [4.0, -3.0])
def test_weights_keep_their_bounds_however_far_the_points_pull(amount):
    _, points = landmarks(identity=(3 * amount, 0.0), mouthSmile=amount, jawOpen=amount)
    fit = fit_model(toy_model(), points)
    assert np.isfinite(fit.expression).all() and np.isfinite(fit.camera.scale)
    assert fit.expression.min() >= EXPRESSION_RANGE[0]
    assert fit.expression.max() <= EXPRESSION_RANGE[1]
    assert np.abs(fit.identity).max() <= IDENTITY_RANGE
    assert fit.error.mean() > 0.01


def test_what_landmarks_cannot_tell_is_left_at_zero():
    model = toy_model()
    _, points = landmarks(eyeLookUp=1.0, mouthSmile=0.5)
    fit = fit_model(model, points)
    fixed = [i for i, n in enumerate(model.expression_names) if n.startswith(NOT_FITTED)]
    assert fixed and not fit.expression[fixed].any()


def test_stray_points_hardly_move_the_fit():
    camera, points = landmarks()
    stray = points.copy()
    stray[300:340] += (40.0, -30.0)
    fit = fit_model(toy_model(), stray)
    assert fit.error[300:340].mean() == pytest.approx(50 / (SIZE / 2.8), rel=0.1)
    # Least squares alone leaves 0.04 and moves the face by two pixels.
    assert np.delete(fit.error, range(300, 340)).mean() < 0.01
    np.testing.assert_allclose(fit.camera.shift, camera.shift, atol=0.5)


def test_picture_scale_changes_nothing_but_the_camera():
    _, points = landmarks(mouthSmile=0.6, turn=(0.0, 0.1, 0.0))
    small, large = fit_model(toy_model(), points), fit_model(toy_model(), 3 * points)
    np.testing.assert_allclose(large.expression, small.expression, atol=1e-6)
    assert large.camera.scale == pytest.approx(3 * small.camera.scale)
