import json
from dataclasses import replace

import numpy as np
import pytest
from facekits import CM, MadeUpKit, made_up_kit, write_kit

from faceedit.errors import MissingError, UsageError
from faceedit.faces.topology import FACE_OVAL, N_SURFACE
from faceedit.studio.facekit import LIGHT, NEUTRAL_FILE
from faceedit.studio.importer import STEP, import_facekit, read_facekit
from faceedit.studio.model import load_arrays, load_face_model


@pytest.fixture(scope="module")
def kit():
    return made_up_kit()


@pytest.fixture
def folder(kit, tmp_path):
    write_kit(kit, tmp_path / "ICT-FaceKit" / "FaceXModel")
    return tmp_path / "ICT-FaceKit"


def test_shapes_come_back_within_a_step(kit, folder):
    read = read_facekit(folder, kit.layout)
    kept = kit.layout.n_kept
    np.testing.assert_array_equal(read.neutral, kit.neutral[:kept].astype(np.float32))
    for stored, true in ((read.identity_q, kit.identity), (read.expression_q, kit.expression)):
        assert stored.dtype == np.int16
        np.testing.assert_allclose(stored * STEP, true[:, :kept], atol=STEP / 2 + 1e-5)


def test_parts_follow_the_order_of_polygons(kit, folder):
    read = read_facekit(folder, kit.layout)
    n_skin = kit.layout.part_ends[0]
    assert read.triangles[:n_skin].tolist() == [list(p) for p in kit.polygons[:n_skin]]
    # Each quad behind the skin gives two triangles; the last quad is dropped.
    assert read.part.tolist() == [0] * n_skin + [part for part in range(1, 9) for _ in range(2)]
    assert read.triangles.max() < kit.layout.n_kept


def test_the_repository_and_its_model_folder_do(kit, folder):
    a, b = read_facekit(folder, kit.layout), read_facekit(folder / "FaceXModel", kit.layout)
    np.testing.assert_array_equal(a.expression_q, b.expression_q)


def test_other_files_are_no_blendshapes(kit, folder):
    (folder / "FaceXModel" / "my_head.obj").write_text("v 0 0 0\n")
    assert read_facekit(folder, kit.layout).expression_names == kit.layout.expressions


def test_the_rig_can_be_loaded(kit, folder, tmp_path):
    rig = tmp_path / "new" / "rig"
    import_facekit(folder, rig, kit.layout)
    model = load_face_model(rig)
    assert model.expression_names == kit.layout.expressions
    assert model.n_skin == N_SURFACE
    assert set(np.flatnonzero(model.landmark_weights < 1)) == set(FACE_OVAL)
    places = json.loads((rig / "landmarks_to_vertices.json").read_text())
    assert places["ibug68_to_ict"] == list(kit.layout.landmarks)
    moved = model.neutral[model.landmark_vertices] - model.neutral[:N_SURFACE]
    # In this model every point is the vertex of its own number.
    assert np.linalg.norm(moved, axis=1).mean() < 0.02 * CM
    skin = load_arrays(rig / "skin.npz")
    assert skin["atlas_xy"].shape == (N_SURFACE, 2)
    assert {13, 0} <= set(skin["upper_lip_verts"])
    assert {14, 17} <= set(skin["lower_lip_verts"])
    assert {159, 145, 386, 374} <= set(skin["lid_verts"])


def test_a_missing_folder_is_named(tmp_path, kit):
    with pytest.raises(MissingError, match=r"none is no folder; give a copy of https"):
        read_facekit(tmp_path / "none", kit.layout)


def test_a_folder_without_the_neutral_mesh_is_told(tmp_path, kit):
    with pytest.raises(MissingError, match=f"has no {NEUTRAL_FILE}"):
        read_facekit(tmp_path, kit.layout)


def test_a_missing_blendshape_is_named(folder, kit):
    (folder / "FaceXModel" / "jawOpen.obj").unlink()
    with pytest.raises(MissingError, match=r"lacks 1 of 7 blendshapes, the first of them jawOpen"):
        read_facekit(folder, kit.layout)


def test_a_file_that_was_cut_off_is_named(folder, kit):
    path = folder / "FaceXModel" / "jawOpen.obj"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:300]))
    with pytest.raises(UsageError, match=r"jawOpen\.obj has 299 vertices instead of 504"):
        read_facekit(folder, kit.layout)


def test_a_malformed_line_is_named(folder, kit):
    path = folder / "FaceXModel" / "identity001.obj"
    path.write_text(path.read_text().replace("v ", "v x", 1))
    with pytest.raises(UsageError, match=r"identity001\.obj, line 2"):
        read_facekit(folder, kit.layout)


def test_another_release_is_recognised(folder, kit, tmp_path):
    with pytest.raises(UsageError, match="504 vertices instead of 26719"):
        read_facekit(folder, replace(LIGHT, n_identities=3, expressions=kit.layout.expressions))
    with pytest.raises(UsageError, match="polygons are not those"):
        read_facekit(folder, replace(kit.layout, n_kept=400))
    with pytest.raises(UsageError, match="polygons are not those"):
        read_facekit(folder, replace(kit.layout, part_ends=(5000,)))
    shuffled = tuple(np.random.default_rng(0).permutation(N_SURFACE)[:68].tolist())
    with pytest.raises(UsageError, match="numbered as in another release"):
        import_facekit(folder, tmp_path / "rig", replace(kit.layout, landmarks=shuffled))
    assert not (tmp_path / "rig").exists()


def test_another_unit_is_recognised(kit, folder):
    path = folder / "FaceXModel" / "jawOpen.obj"
    huge = replace(kit, neutral=kit.neutral * 1000, identity=kit.identity[:0])
    huge = replace(huge, layout=replace(kit.layout, n_identities=0))
    write_kit(huge, folder / "huge")
    path.write_bytes((folder / "huge" / "jawOpen.obj").read_bytes())
    with pytest.raises(UsageError, match="both in centimetres"):
        read_facekit(folder, kit.layout)


def test_the_layout_is_consistent():
    assert len(LIGHT.landmarks) == 68
    assert len(LIGHT.expressions) == len(set(LIGHT.expressions)) == 57
    assert list(LIGHT.part_ends) == sorted(LIGHT.part_ends)


def test_the_real_model_comes_back(data_folder, tmp_path):
    stored = load_arrays(data_folder / "rig" / "face_model.npz")
    names = tuple(stored["expression_names"].tolist())
    assert names == LIGHT.expressions
    assert tuple(stored["lm68"].tolist()) == LIGHT.landmarks
    few = ("browDown_L", "eyeBlink_L", "eyeBlink_R", "jawOpen")
    chosen = stored["expression_q"][[names.index(name) for name in few]]
    # Written with the dropped vertices of the public files, here all at one place.
    pad = ((0, LIGHT.n_vertices - LIGHT.n_kept), (0, 0))
    identity = np.stack([np.pad(d * STEP, pad) for d in stored["identity_q"][:2]])
    expression = np.stack([np.pad(d * STEP, pad) for d in chosen])
    neutral = np.pad(stored["neutral"].astype(np.float64), pad)
    ends = np.cumsum(np.bincount(stored["part"]))
    layout = replace(
        LIGHT, n_identities=2, expressions=few, part_ends=tuple(int(end) for end in ends)
    )
    polygons = (*(tuple(t) for t in stored["tri"].tolist()), (25000, 25001, 25002))
    write_kit(MadeUpKit(neutral, identity, expression, polygons, layout), tmp_path / "kit")
    import_facekit(tmp_path / "kit", tmp_path / "rig", layout)

    arrays = load_arrays(tmp_path / "rig" / "face_model.npz")
    assert {k: (v.dtype, v.ndim) for k, v in arrays.items() if k != "expression_names"} == {
        k: (v.dtype, v.ndim) for k, v in stored.items() if k != "expression_names"
    }
    np.testing.assert_allclose(arrays["neutral"], stored["neutral"], atol=1e-6)
    np.testing.assert_array_equal(arrays["identity_q"], stored["identity_q"][:2])
    np.testing.assert_array_equal(arrays["expression_q"], chosen)
    for name in ("tri", "part", "lm68", "q"):
        np.testing.assert_array_equal(arrays[name], stored[name])

    skin = load_arrays(tmp_path / "rig" / "skin.npz")
    ready = load_arrays(data_folder / "rig" / "assets.npz")
    for name, array in skin.items():
        assert array.dtype == ready[name].dtype
    np.testing.assert_allclose(skin["atlas_xy"], ready["atlas_xy"], atol=1e-6)
    for name in ("upper_lip_verts", "lower_lip_verts", "lid_verts"):
        assert len(np.setxor1d(skin[name], ready[name])) <= 2
