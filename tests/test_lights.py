"""Named lights, lights of one's own, and their colours."""

import numpy as np
import pytest

from faceedit.lights import LIGHTS, LUMA, light_from, temperature_colour


def test_a_light_of_ones_own_comes_from_where_it_is_said():
    for name, azimuth, elevation in (("left", -59, 14), ("top", 0, 60), ("bottom", 0, -46)):
        own = light_from(azimuth, elevation, LIGHTS[name].softness)
        assert np.dot(own.direction, LIGHTS[name].direction) > 0.99
        assert own.key == pytest.approx(LIGHTS[name].key, rel=0.25)
    assert light_from(170, 0).key > light_from(10, 0).key
    assert light_from(0, 0, 1.0).shadow < 0.3


@pytest.mark.parametrize("kelvin", [2000, 3200, 5000, 6500, 9000, 15000])
def test_temperatures_go_from_red_to_blue_at_one_brightness(kelvin):
    colour = np.array(temperature_colour(kelvin))
    assert colour @ LUMA == pytest.approx(1)
    assert (colour > 0).all()
    warmer = np.array(temperature_colour(kelvin - 400))
    assert warmer[0] > colour[0]
    assert warmer[2] < colour[2]
