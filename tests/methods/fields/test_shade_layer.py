from collections.abc import Iterator

import cv2
import made_up
import numpy as np
import pytest
import torch

from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import N_SURFACE, mean_shape
from faceedit.methods.fields import shade_fit
from faceedit.methods.fields.shade_fit import fit_shade_layer
from faceedit.methods.fields.shade_layer import (
    ATLAS_SIZE,
    ShadeLayer,
    atlas_places,
    atlas_raster,
    draw_shade,
)
from faceedit.methods.reggan.condition import BLOCKS, SPEC

SIZE = 128
SIDED = BLOCKS.index(SPEC.one_sided[0])


Sample = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def known_maps() -> np.ndarray:
    """Smooth log ratios of all blocks on the atlas, (9, A, A, 3); one is on one side."""
    y, x = (np.mgrid[:ATLAS_SIZE, :ATLAS_SIZE] - ATLAS_SIZE / 2 + 0.5) / ATLAS_SIZE
    maps = []
    for number in range(len(BLOCKS)):
        across = x if number == SIDED else np.abs(x)
        bump = np.exp(-((across - 0.15) ** 2 + (y - 0.03 * number) ** 2) / 0.02)
        maps.append(-0.2 * bump[..., None] * np.array([1.0, 0.5, 0.1 * number]))
    return np.array(maps, np.float32)


def landmarks(number: int) -> np.ndarray:
    return made_up.place(made_up.person(number))


def samples(count: int, trust: float = 1.0) -> Iterator[Sample]:
    """Faces shaded by `known_maps`; what is not trusted is nonsense."""
    rng, maps = np.random.default_rng(0), known_maps()
    for number in range(count):
        shares = rng.uniform(0, 1.5, len(BLOCKS)).astype(np.float32)
        points = landmarks(number)
        raster = rasterize_mesh((points + 0.5) * (SIZE / 256) - 0.5, (SIZE, SIZE))
        ratio = draw_shade(np.tensordot(shares, maps, 1), raster)
        yield shares, ratio, np.full((SIZE, SIZE), trust, np.float32), points


@pytest.fixture(scope="module")
def within() -> np.ndarray:
    """(A, A) bool, texels well on the mesh."""
    inside = atlas_raster().inside.astype(np.uint8)
    return cv2.erode(inside, np.ones((9, 9), np.uint8)) > 0


@pytest.fixture(scope="module")
def layer() -> ShadeLayer:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shade_fit, "RIDGE", 1e-4)
        return fit_shade_layer(samples(70), SPEC)


def test_known_maps_are_found_again(layer, within):
    found = layer.maps.permute(0, 2, 3, 1).numpy()
    off = np.abs(found - known_maps())[:, within]
    # Maps lose a little where they are drawn and read.
    assert off.max() < 0.03
    assert off.mean() < 0.003


def test_maps_are_even_but_for_what_is_one_sided(layer):
    for number, shaded in enumerate(layer.maps):
        assert torch.equal(shaded, shaded.flip(2)) is (number != SIDED)


def test_nothing_is_known_beyond_the_mesh(layer):
    inside = atlas_raster().inside
    assert not layer.maps[:, :, ~(inside | inside[:, ::-1])].any()


def test_what_is_not_trusted_has_no_say():
    nonsense = [(s, r + 9.0, 0 * t, p) for s, r, t, p in samples(3)]
    torch.testing.assert_close(
        fit_shade_layer([*samples(3), *nonsense], SPEC).maps, fit_shade_layer(samples(3), SPEC).maps
    )
    assert not fit_shade_layer(nonsense, SPEC).maps.any()


def test_few_pairs_are_shrunk_by_the_ridge():
    shares, _, trust, points = next(samples(1))
    shares = np.zeros_like(shares)
    shares[2] = 1.0
    ratio = np.full((SIZE, SIZE, 3), 0.4, np.float32)
    maps = fit_shade_layer([(shares, ratio, trust, points)], SPEC).maps
    nose = ATLAS_SIZE // 2
    # One pair against a ridge of three: a quarter.
    assert maps[2, :, nose, nose].tolist() == pytest.approx([0.1] * 3)
    assert not maps[[0, 1, 3]].any()


def test_shares_mix_the_maps(layer):
    shares = torch.rand(2, 9, generator=torch.Generator().manual_seed(0))
    wanted = (shares[:, :, None, None, None] * layer.maps).sum(1)
    torch.testing.assert_close(layer(shares), wanted)
    assert not layer(torch.zeros(1, 9)).any()


def test_the_mean_face_fits_on_the_atlas():
    places = atlas_places()
    assert places.shape == (N_SURFACE, 2)
    assert places.min() > 0
    assert places.max() < ATLAS_SIZE - 1
    # The eyes' outer corners are an eye distance apart, and level.
    across = places[263] - places[33]
    np.testing.assert_allclose(across, [ATLAS_SIZE / 2, 0], atol=0.01)


def test_shades_are_drawn_where_the_mesh_is():
    points = made_up.place(mean_shape(), 45.0, centre=(64, 50))
    raster = rasterize_mesh(points, (SIZE, SIZE))
    y, x = np.mgrid[:ATLAS_SIZE, :ATLAS_SIZE].astype(np.float32)
    drawn = draw_shade(np.dstack([x, y, np.ones_like(x)]), raster)
    np.testing.assert_array_equal(drawn[..., 2], raster.inside)
    assert not drawn[~raster.inside].any()
    # Atlas and face differ by a scale and a shift, here of 64 texels for 45 pixels.
    assert raster.inside[60, 40]
    assert raster.inside[60, 88]
    np.testing.assert_allclose(drawn[60, 88, :2] - drawn[60, 40, :2], [48 * 64 / 45, 0], atol=0.05)
