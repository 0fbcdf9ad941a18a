"""What is behind a person."""

import numpy as np

from faceedit.compose.light.backdrop import without_wall

SIZE, UNIT = 128, 30.0


def test_what_is_doubtful_and_looks_like_the_wall_is_no_person():
    wall, cloth = (np.array(one, np.float32) for one in ((0.6, 0.65, 0.6), (0.2, 0.25, 0.4)))
    pixels = np.broadcast_to(wall, (SIZE, SIZE, 3)).copy()
    matte = np.zeros((SIZE, SIZE), np.float32)
    matte[60:, 20:100] = 1
    pixels[60:, 40:70] = cloth
    told = matte.copy()
    told[60:, 20:70] = 0.9  # wall and cloth alike, but the wall on the right is told to be cloth
    kept = without_wall(matte, told, pixels, 0 * matte, UNIT)
    assert kept[70, 25] < 0.3
    assert kept[70, 55] > 0.9
    assert kept[70, 90] > 0.9
