import json
from dataclasses import replace

import numpy as np
import pytest
from facekits import made_up_kit

from faceedit.errors import UsageError
from faceedit.faces.topology import (
    BROWS,
    EYES,
    FACE_OVAL,
    LIPS,
    LOWER_INNER_LIP,
    N_SURFACE,
    UPPER_INNER_LIP,
    mean_shape,
)
from faceedit.studio.camera import rotation_matrix
from faceedit.studio.correspondence import (
    IBUG_TO_MESH,
    LOWER_LIP,
    UPPER_LIP,
    find_correspondence,
    fit_residuals,
    landmark_weights,
    refine_correspondence,
    refine_to_mean_face,
)
from faceedit.studio.facekit import LIGHT
from faceedit.studio.model import FaceModel, load_face_model
from faceedit.studio.skin import make_skin


@pytest.fixture(scope="module")
def model():
    kit = made_up_kit()
    n_skin = kit.layout.part_ends[0]
    return FaceModel(
        neutral=kit.neutral.astype(np.float32),
        identity=kit.identity.astype(np.float32),
        expression=kit.expression.astype(np.float32),
        expression_names=kit.layout.expressions,
        triangles=np.array(kit.polygons[:n_skin], np.int32),
        part=np.zeros(n_skin, np.uint8),
        landmark_vertices=np.arange(N_SURFACE, dtype=np.int32),
        landmark_weights=landmark_weights(),
    )


def skin_of(model, landmarks=IBUG_TO_MESH):
    return make_skin(
        model.neutral,
        model.triangles,
        model.part,
        model.expression,
        model.expression_names,
        landmarks,
    )


@pytest.fixture(scope="module")
def skin(model):
    return skin_of(model)


def distances(skin, found, true):
    return np.linalg.norm(skin.vertices[found] - skin.vertices[true], axis=1)


def test_every_point_finds_itself(skin):
    found = find_correspondence(skin)
    assert found.dtype == np.int32
    inside = [i for i in range(N_SURFACE) if skin.facing[i] > 0.02]
    assert (found == np.arange(N_SURFACE))[inside].mean() > 0.99
    assert distances(skin, found, np.arange(N_SURFACE)).max() < 1.0
    assert found[list(IBUG_TO_MESH)].tolist() == list(IBUG_TO_MESH)


def test_a_moved_and_turned_model_changes_nothing(skin):
    turn = rotation_matrix(np.array([0.2, 0.0, 0.0]))
    other = replace(skin, vertices=1.1 * skin.vertices @ turn.T + (1, 2, 3))
    found, expected = find_correspondence(other), find_correspondence(skin)
    assert (found == expected).mean() > 0.97


def test_closed_lips_are_told_apart(model):
    # The mouth is shut: both inner edges lie at the same place.
    neutral = model.neutral.copy()
    upper, lower = list(UPPER_INNER_LIP[1:-1]), list(LOWER_INNER_LIP[1:-1])
    neutral[upper] = neutral[lower] = (neutral[upper] + neutral[lower]) / 2
    shut = skin_of(replace(model, neutral=neutral))
    found = find_correspondence(shut)
    assert shut.upper_jaw[found[list(UPPER_LIP)]].all()
    assert shut.lower_jaw[found[list(LOWER_LIP)]].all()


def test_scrambled_landmarks_are_refused(skin):
    scrambled = np.random.default_rng(0).permutation(N_SURFACE)[:68]
    with pytest.raises(UsageError, match="another release"):
        find_correspondence(replace(skin, landmarks=scrambled))


def test_without_residuals_points_stay(skin):
    start = find_correspondence(skin)
    again = refine_correspondence(skin, start, np.zeros((N_SURFACE, 2)))
    np.testing.assert_array_equal(again, start)


def test_residuals_move_points_there(skin):
    true = find_correspondence(skin)
    start = true.copy()
    start[[50, 280, 151]] = [205, 425, 108]
    residuals = (skin.vertices[true] - skin.vertices[start]) / 0.7
    np.testing.assert_array_equal(refine_correspondence(skin, start, residuals), true)


def test_residuals_of_a_perfect_face_vanish(model):
    missed = fit_residuals(model, mean_shape() * 200 + 300)
    inner = [i for i in range(N_SURFACE) if i not in FACE_OVAL]
    # Perspective bends the face by little.
    assert np.linalg.norm(missed[inner], axis=1).mean() < 0.15


def test_residuals_point_at_the_landmark(model):
    face = mean_shape() * 200
    still = fit_residuals(model, face)
    face[50, :2] += (10, -20)
    moved = fit_residuals(model, face)[50] - still[50]
    assert moved[0] > 0.2
    assert moved[1] > 0.4


def test_the_mean_face_corrects_a_wrong_start(model, skin):
    true = np.arange(N_SURFACE, dtype=np.int32)
    start = find_correspondence(skin)
    start[[50, 280]] = [187, 411]
    refined = refine_to_mean_face(replace(model, landmark_vertices=start), skin)
    assert distances(skin, refined, true)[[50, 280]].max() < distances(skin, start, true)[50]
    assert distances(skin, refined, true).mean() < 0.25


def test_the_oval_counts_less():
    weights = landmark_weights()
    assert weights.shape == (N_SURFACE,)
    assert set(np.flatnonzero(weights < 1)) == set(FACE_OVAL)


def test_the_real_model_gets_the_places_that_photos_gave(data_folder):
    model = load_face_model(data_folder / "rig")
    skin = skin_of(model, LIGHT.landmarks)
    places = json.loads((data_folder / "rig" / "landmarks_to_vertices.json").read_text())
    assert places["ibug68_to_mp"] == list(IBUG_TO_MESH)
    assert places["mp_upper_lip"] == list(UPPER_LIP)
    assert places["mp_lower_lip"] == list(LOWER_LIP)
    assert places["weights"] == landmark_weights().tolist()
    true = np.array(places["mp_to_ict_vertex"])
    start = find_correspondence(skin)
    refined = refine_to_mean_face(replace(model, landmark_vertices=start), skin)
    off = distances(skin, refined, true)
    assert distances(skin, start, true).mean() < 0.25
    assert off.mean() < 0.1
    assert off[list(LIPS)].mean() < 0.15
    assert off[[i for eye in EYES for i in eye]].mean() < 0.06
    assert off[[i for brow in BROWS for i in brow]].mean() < 0.15
    assert off[list(FACE_OVAL)].mean() < 0.3
