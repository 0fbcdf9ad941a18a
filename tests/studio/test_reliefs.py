"""Tables of people's surfaces and of the light on them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from faceedit.errors import UsageError
from faceedit.lights import GAMMA, LIGHTS, LUMA
from faceedit.studio.reliefs import (
    FIELD_SIZE,
    SHADING_STEP,
    SIZE,
    ReliefTable,
    as_row,
    draw_light,
    from_row,
    make_reliefs,
    refine_mattes,
)


def test_lights_are_written_down_and_read_again():
    rng = np.random.default_rng(0)
    for light in [*LIGHTS.values(), *(draw_light(rng) for _ in range(20))]:
        again = from_row(as_row(light))
        np.testing.assert_allclose(as_row(again), as_row(light), atol=1e-6)


@pytest.fixture(scope="module")
def made(rig, folder_and_sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reliefs")
    sources = folder_and_sources[1][:2]
    assert make_reliefs(rig, sources, folder, lights=3, seed=1) == 1
    return folder


@pytest.fixture(scope="module")
def table(made):
    return ReliefTable.load(made / "reliefs-000.npz")


def test_a_photo_is_pictured_in_its_own_light_and_in_others(table):
    assert table.photo.tolist() == [0] * 4 + [1] * 4
    assert np.isnan(table.light[::4]).all()
    assert np.isfinite(table.light[1:4]).all()
    assert table.pictures.shape == (8, SIZE, SIZE, 3)
    for lit in table.pictures[1:4]:
        assert (lit != table.pictures[0]).any()


def test_surfaces_are_unit_and_face_the_camera_in_the_middle(table):
    normals = table.normals.astype(np.float32) / 127
    skin = table.skin > 200
    assert skin.any()
    assert np.linalg.norm(normals[skin], axis=1).mean() == pytest.approx(1, abs=0.05)
    middle = slice(FIELD_SIZE // 2 - 3, FIELD_SIZE // 2 + 3)
    assert normals[:, middle, middle, 2].mean() > 0.6


def test_shading_is_one_in_the_mean_and_is_what_the_light_did(table):
    shading = table.shading.astype(np.float32) * SHADING_STEP
    for row in range(len(shading)):
        sure = (table.skin[row] > 200) & (table.valid[row] > 0)
        lit = np.exp(GAMMA * shading[row][sure]) @ np.array(LUMA)
        assert lit.mean() == pytest.approx(1, abs=0.1)
    # Of pictures with the photo's own face, the difference of two is the ratio of the pictures.
    for row in np.flatnonzero(table.shown == 0):
        own = 4 * table.photo[row]
        pictures = table.pictures[[own, row]].reshape(2, FIELD_SIZE, 2, FIELD_SIZE, 2, 3)
        first, second = np.log(pictures.mean((2, 4)) / 255 + 0.02)
        sure = (table.skin[row] > 200) & (table.pictures[[own, row]].max() < 250)
        seen, said = (second - first)[sure], (shading[row] - shading[own])[sure]
        off = (seen - seen.mean(0)) - (said - said.mean(0))
        assert np.abs(off).mean() < 0.25 * np.abs(seen - seen.mean(0)).mean() + 0.02


def test_only_guessed_mattes_are_found_anew_and_once_for_each_photo(table):
    half = replace(table, plain=table.photo == 0)
    seen = []

    def rough(crop):
        seen.append(crop.pixels.shape)
        return cv2.blur(table.matte[4], (25, 25)) / np.float32(255)

    found, trust = refine_mattes(half, rough)
    np.testing.assert_array_equal(found[:4], table.matte[:4])
    assert (trust[:4] == 255).all()
    assert (found[4:] != table.matte[4:]).any()
    assert seen == [(SIZE, SIZE, 3)]


def test_what_is_there_is_kept(rig, folder_and_sources, made):
    before = (made / "reliefs-000.npz").stat().st_mtime_ns
    make_reliefs(rig, folder_and_sources[1][:2], made, lights=3, seed=1)
    assert (made / "reliefs-000.npz").stat().st_mtime_ns == before


def test_no_photo_that_can_be_used_is_an_error(rig, tmp_path):
    with pytest.raises(UsageError, match="no photo can be used"):
        make_reliefs(rig, [], tmp_path)
