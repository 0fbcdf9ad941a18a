import numpy as np
import pytest
from facekits import made_up_kit

from faceedit.faces.topology import EYES, N_SURFACE
from faceedit.studio.correspondence import IBUG_TO_MESH, LOWER_LID, LOWER_LIP, UPPER_LID, UPPER_LIP
from faceedit.studio.skin import atlas_coordinates, lid_vertices, lip_vertices, make_skin


@pytest.fixture(scope="module")
def skin():
    kit = made_up_kit()
    n_skin = kit.layout.part_ends[0]
    return make_skin(
        kit.neutral,
        np.array(kit.polygons[:n_skin]),
        np.zeros(n_skin, np.uint8),
        kit.expression,
        kit.layout.expressions,
        kit.layout.landmarks,
    )


def test_the_skin_comes_first_and_looks_at_the_camera(skin):
    assert skin.vertices.shape == (N_SURFACE, 3)
    assert skin.facing.mean() > 0.5
    assert skin.landmarks.tolist() == list(IBUG_TO_MESH)


def test_lips_and_lids_go_apart(skin):
    assert skin.upper_jaw[list(UPPER_LIP)].all()
    assert not skin.lower_jaw[list(UPPER_LIP)].any()
    assert skin.lower_jaw[list(LOWER_LIP)].all()
    assert skin.upper_lid[list(UPPER_LID)].all()
    assert skin.still_lid[list(LOWER_LID)].all()
    assert not skin.still_lid[list(UPPER_LID)].any()


def test_lips_are_near_the_mouth(skin):
    upper, lower = lip_vertices(skin)
    assert {0, 13, 37, 267} <= set(upper)
    assert {14, 17, 84, 314} <= set(lower)
    assert not set(upper) & set(lower)
    assert not {10, 152, 33, 263} & {*upper, *lower}


def test_lids_are_near_the_eyes(skin):
    lids = lid_vertices(skin)
    assert {i for eye in EYES for i in eye} <= set(lids)
    assert not {10, 152, 0, 17, 1} & set(lids)


def test_the_atlas_unrolls_the_head():
    on_axis = np.array([[0.0, 12.0, 9.0], [0.0, -9.0, 9.0], [5.0, 1.5, -1.0], [-5.0, 1.5, -1.0]])
    quarter = np.pi / 2 / 1.2 / 2
    expected = [[0.5, 0.0], [0.5, 1.0], [0.5 + quarter, 0.5], [0.5 - quarter, 0.5]]
    atlas = atlas_coordinates(on_axis)
    assert atlas.dtype == np.float32
    np.testing.assert_allclose(atlas, expected, atol=1e-6)


def test_the_atlas_is_the_one_that_was_learned_on(data_folder):
    with np.load(data_folder / "rig" / "face_model.npz") as model:
        neutral = model["neutral"]
    with np.load(data_folder / "rig" / "assets.npz") as assets:
        learned = assets["atlas_xy"]
    np.testing.assert_array_equal(atlas_coordinates(neutral[: len(learned)]), learned)
