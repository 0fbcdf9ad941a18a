"""A matte drawn at the photo's own resolution."""

import numpy as np
import pytest

from faceedit.compose.matte import draw_matte


@pytest.mark.parametrize(("top", "kind"), [(255.0, np.uint8), (1.0, np.float32)])
def test_a_coarse_matte_takes_over_the_photos_edges(top, kind):
    rows, columns = np.mgrid[:320, :320]
    person = np.hypot(rows - 160, columns - 150) + 6 * np.sin(columns / 5) < 90
    noise = np.random.default_rng(0).normal(0, 0.01, (320, 320, 3))
    picture = np.where(person[..., None], [0.7, 0.5, 0.4], [0.2, 0.3, 0.35]) + noise
    pixels = (picture.clip(0, 1) * top).astype(kind)
    coarse = person.reshape(40, 8, 40, 8).mean((1, 3)).astype(np.float32)
    to_crop = np.array([[0.25, 0, -0.375], [0, 0.25, -0.375]])
    drawn = draw_matte(coarse, pixels, top, to_crop, 80)
    enlarged = np.kron(coarse, np.ones((8, 8)))
    assert drawn.shape == (320, 320)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert np.abs(drawn - person).mean() < 0.25 * np.abs(enlarged - person).mean()
    # A wall that is flat stays as it is.
    assert not drawn[person & False].any()
    assert not drawn[:40].any()
