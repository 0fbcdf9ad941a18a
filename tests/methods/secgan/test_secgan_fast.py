import numpy as np
import pytest

from faceedit.compose.hair.colour import KNOTS, Tones
from faceedit.methods.fields.shade_layer import ATLAS_SIZE
from faceedit.methods.secgan import HAIR_COLOURS
from faceedit.methods.secgan.measured import Measured, pack, unpack
from faceedit.methods.secgan.skin import Complexion

TONES = Tones(np.arange(3, dtype=np.float32), 0.5, np.ones((len(KNOTS), 2), np.float32))
SKIN = {on: Complexion(4.0, 0.01, np.ones(2, np.float32), (0.1, 0.5)) for on in (True, False)}


def test_what_was_measured_survives_its_checkpoint():
    age = np.linspace(-0.1, 0.1, ATLAS_SIZE**2 * 3, dtype=np.float32)
    age = age.reshape(ATLAS_SIZE, ATLAS_SIZE, 3)
    tensors = pack(Measured(dict.fromkeys(HAIR_COLOURS, TONES), SKIN, age))
    read = unpack(tensors)
    np.testing.assert_array_equal(read.hair["red_hair"].level, TONES.level)
    assert read.hair["red_hair"].gains == TONES.gains
    assert read.skin[False].gains == pytest.approx((0.1, 0.5))
    np.testing.assert_allclose(read.age, age, atol=1e-4)
    tensors["pale_skin=on"] = tensors["pale_skin=on"][:-1]
    with pytest.raises(ValueError, match="pale_skin=on"):
        unpack(tensors)
