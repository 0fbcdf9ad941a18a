"""Mattes of people before an even wall."""

import numpy as np
import pytest
from toy_light import ball, landmarks

from faceedit.studio.wall import wall_matte


@pytest.mark.parametrize("wall", [(0.8, 0.8, 0.78), (0.3, 0.4, 0.6)])
def test_a_person_is_told_from_a_wall_and_shirts_like_the_wall_are_the_person(wall):
    rows, columns = np.mgrid[:256, :256]
    _, person = ball()
    person |= (rows > 185) & (np.abs(columns - 128) < 30 + (rows - 185))
    slope = 0.9 + 0.1 * columns[..., None] / 256
    pixels = np.where(person[..., None], (0.6, 0.4, 0.3), np.array(wall) * slope)
    # A stripe of the shirt is as the wall.
    stripe = person & (rows > 225)
    pixels[stripe] = (np.array(wall) * slope)[stripe]
    pixels += np.random.default_rng(0).normal(0, 0.004, pixels.shape)
    matte = wall_matte(pixels.astype(np.float32), landmarks(), np.ones((256, 256), bool))
    assert matte.dtype == np.float32
    assert matte[person & ~stripe].mean() > 0.98
    assert matte[stripe].mean() > 0.7
    assert matte[~person].mean() < 0.02
