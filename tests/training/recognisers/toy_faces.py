"""Made-up tables of faces."""

import numpy as np

from faceedit.faces.topology import mean_shape
from faceedit.lights import LIGHT_ORDER
from faceedit.targets import ACTION_UNITS
from faceedit.training.recognisers.faces import SIZE, UNKNOWN, FaceTable, make_table


def toy_table(n: int = 12, studio: bool = False, seed: int = 0, people: int = 6) -> FaceTable:
    """Noise with stripes: the stripes' direction says which of two expressions it is."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE]
    kinds = np.arange(n) % 2
    pictures = []
    for kind in kinds:
        wave = np.sin((x if kind else y) / 4.0 + rng.uniform(0, 6))[..., None]
        pictures.append(np.clip(128 + 60 * wave + rng.normal(0, 20, (SIZE, SIZE, 3)), 0, 255))
    shape = mean_shape()[:, :2] * SIZE / 2.8 + SIZE * np.array([0.5, 0.37])
    landmarks = [shape + rng.normal(0, 1, shape.shape) for _ in range(n)]
    table = make_table(
        [p.astype(np.uint8) for p in pictures],
        landmarks,
        [f"{i}.png" for i in range(n)],
        [f"person {i % people}" for i in range(n)],
        [i % people == 0 for i in range(n)],
        regions=[np.full((SIZE, SIZE), i % 12, np.uint8) for i in range(n)] if studio else [],
        studio=studio,
    )
    table.expression[:] = kinds
    table.strength[:] = 2 * kinds
    if studio:
        table.action_units[:] = kinds[:, None] * rng.uniform(2, 5, (n, len(ACTION_UNITS)))
        table.light[:] = np.arange(n) % 20
        table.light_vector[:] = rng.normal(0, 0.3, (n, 3))
    else:
        table.attributes[:] = rng.integers(0, 2, table.attributes.shape)
    return table


def lit_table() -> FaceTable:
    """24 studio pictures, the first 20 in one named light each."""
    table = toy_table(24, studio=True, seed=1)
    table.light[20:] = UNKNOWN
    table.light_vector[20:] = np.nan
    return table


def light_number(name: str) -> int:
    """The place of a light among the studio's."""
    return LIGHT_ORDER.index(name)
