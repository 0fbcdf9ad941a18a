from dataclasses import replace

import pytest


@pytest.fixture(scope="session")
def lit_pairs():
    """Happy, surprised in a light, and light alone, of somebody to train on and to validate on."""
    import made_up
    import numpy as np

    from faceedit.lights import LIGHT_ORDER

    lights = [-1, LIGHT_ORDER.index("left"), LIGHT_ORDER.index("back")]
    table = made_up.taken(made_up.pair_table(), [1, 4, 0, 9, 12, 8])
    return replace(
        table,
        light=np.array(lights * 2),
        measured=np.array([False, False, True] * 2),
        light_colour=np.ones((6, 3), np.float32),
        turn=np.zeros(6, np.float32),
    )
