import numpy as np
import pytest

from faceedit import channels


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_reductions_are_numpys_own_bit_for_bit(kind, count):
    rng = np.random.default_rng(count)
    picture = rng.normal(size=(40, 33, count)).astype(kind)
    for values in (picture, np.moveaxis(np.ascontiguousarray(np.moveaxis(picture, -1, 0)), 0, -1)):
        for ours, numpys in (
            (channels.total(values), values.sum(-1)),
            (channels.mean(values), values.mean(-1)),
            (channels.largest(values), values.max(-1)),
            (channels.spread(values), np.ptp(values, axis=-1)),
            (channels.length(values), np.linalg.norm(values, axis=-1)),
        ):
            assert ours.dtype == numpys.dtype
            np.testing.assert_array_equal(ours, numpys)
