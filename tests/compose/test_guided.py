import numpy as np
import pytest

from faceedit.compose.guided import guided_filter


def _step(side=48):
    picture = np.full((side, side, 3), [0.2, 0.5, 0.3], np.float32)
    picture[:, side // 2 :] = [0.7, 0.4, 0.6]
    return picture


@pytest.mark.parametrize("colours", [True, False])
def test_blurred_field_takes_over_the_edge_of_the_guide(colours):
    picture = _step()
    blurred = np.clip((np.arange(48, dtype=np.float32) - 19.5) / 8, 0, 1)[None].repeat(48, 0)
    guide = picture if colours else picture[..., 0]
    sharp = guided_filter(guide, blurred, 8, 1e-4)
    assert sharp.dtype == np.float32
    assert (blurred[:, 24] - blurred[:, 23]).max() < 0.15
    assert (sharp[:, 24] - sharp[:, 23]).min() > 0.4


def test_flat_guide_only_smooths():
    noise = np.random.default_rng(0).random((32, 32)).astype(np.float32)
    smooth = guided_filter(np.full((32, 32, 3), 0.5, np.float32), noise, 3, 1e-3)
    assert np.isfinite(smooth).all()
    assert smooth.std() < 0.3 * noise.std()


def test_layers_are_filtered_one_by_one():
    random = np.random.default_rng(1)
    guide = random.random((20, 24, 3)).astype(np.float32)
    field = random.random((20, 24, 2)).astype(np.float32)
    both = guided_filter(guide, field, 2, 1e-3)
    np.testing.assert_array_equal(both[..., 1], guided_filter(guide, field[..., 1], 2, 1e-3))
