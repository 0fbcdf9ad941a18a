"""People cut out of photos."""

import cv2
import numpy as np
import pytest
from drawn_people import draw_person

from faceedit.studio.cut_out import cut_out

TONE = (0.85, 0.65, 0.55)
WALLS = [((0.75, 0.80, 0.85), (0.35, 0.50, 0.30)), ((0.10, 0.15, 0.40), (0.55, 0.50, 0.10))]


@pytest.mark.parametrize("wall", WALLS)
def test_the_edge_of_a_rough_guess_is_put_right(wall):
    person = draw_person(256, wall, TONE)
    rough = cv2.blur(np.roll(person.matte, (10, 6), (0, 1)), (15, 15))
    found, trust = cut_out(person.pixels, person.landmarks, np.ones((256, 256), bool), rough)
    off = np.abs(found - person.matte)
    assert off.mean() < 0.4 * np.abs(rough - person.matte).mean()
    # Where all agree it is right.
    assert off[trust == 1].mean() < 0.5 * off[trust < 1].mean()


def test_beyond_the_photo_the_guess_stands():
    person = draw_person(128, WALLS[0], TONE)
    valid = np.zeros((128, 128), bool)
    valid[20:110, 20:110] = True
    rough = np.random.default_rng(0).random((128, 128)).astype(np.float32)
    found, trust = cut_out(person.pixels, person.landmarks, valid, rough)
    np.testing.assert_array_equal(found[~valid], rough[~valid])
    assert (trust[~valid] == 1).all()
    assert cut_out(person.pixels, person.landmarks, valid, rough)[0].tobytes() == found.tobytes()
