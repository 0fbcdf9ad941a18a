import numpy as np

from faceedit.ramps import ramp, smoothstep


def test_ramps_end_level_and_may_fall():
    values = np.array([-1.0, 0.0, 0.25, 0.5, 1.0, 7.0], np.float32)
    np.testing.assert_allclose(ramp(values, (0.0, 1.0)), [0, 0, 0.25, 0.5, 1, 1])
    np.testing.assert_allclose(smoothstep(values), [0, 0, 0.15625, 0.5, 1, 1])
    np.testing.assert_allclose(smoothstep(values, (1.0, 0.0)), 1 - smoothstep(values))
    assert smoothstep(values).dtype == ramp(values, (0.0, 1.0)).dtype == np.float32
