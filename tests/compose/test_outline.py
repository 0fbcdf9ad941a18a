"""A matte whose edge is wrong."""

import numpy as np

from faceedit.compose.outline import outline_matte

SIZE, UNIT = 128, 40.0
PERSON = np.array([0.55, 0.4, 0.3], np.float32)
WALL = np.array([0.35, 0.5, 0.45], np.float32)


def disc(radius):
    v, u = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    return np.clip(radius + 0.5 - np.hypot(u, v), 0, 1).astype(np.float32)


def picture(wall):
    noise = np.random.default_rng(0).normal(0, 0.02, (SIZE, SIZE, 3)).astype(np.float32)
    true = disc(36)[..., None]
    return np.clip(true * PERSON + (1 - true) * wall + noise, 0, 1)


def off(matte):
    return float(np.mean((matte > 0.5) != (disc(36) > 0.5)))


def test_the_edge_moves_to_where_colours_end_from_either_side():
    for radius in (32, 40):
        found = outline_matte(disc(radius), picture(WALL), np.ones((SIZE, SIZE), np.float32), UNIT)
        assert off(found) < 0.6 * off(disc(radius))


def test_before_a_wall_of_the_same_colour_the_edge_stays():
    rough = disc(40)
    found = outline_matte(rough, picture(PERSON), np.ones_like(rough), UNIT)
    assert np.mean((found > 0.5) != (rough > 0.5)) < 0.01


def test_what_lies_beyond_the_photo_tells_nothing():
    rough, valid = disc(40), np.ones((SIZE, SIZE), np.float32)
    valid[:, :30] = 0
    seen = picture(WALL)
    seen[:, :30] = 0.5
    other = seen.copy()
    other[:, :28] = 0.9
    np.testing.assert_allclose(
        outline_matte(rough, seen, valid, UNIT)[:, 40:],
        outline_matte(rough, other, valid, UNIT)[:, 40:],
        atol=1e-3,
    )
