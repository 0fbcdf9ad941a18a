"""How the parts of a frame are lit: the colours of narrow bands along them."""

import numpy as np

from faceedit.compose.eyewear.frames import Wire
from faceedit.compose.eyewear.styles import Style

LIGHT = np.array([-0.35, -0.6, -0.72], np.float32)
"""Towards the light that frames shine in: from above, a little from the left."""
BANDS = 7
"""Across a part."""
STEEP = 1.25
"""Radians by which the sides of a band turn away from the camera."""
BEVEL = 0.15
"""Of half the width of a part that is cut from a sheet, where its bevel begins."""
PLAIN, LIT = 0.38, 0.8
"""Share of a frame's colour that is there in the shade, and that light adds."""
SKY, WINDOW, GRAZING = 0.34, 0.9, 0.045
"""Of the gloss: what faces upwards reflects, the highlight, and what all reflects."""
SHARP = 20
"""Exponent of the highlight."""
SIDE = 0.7
"""Light on temples, beside that on the front."""
GRAIN = 9
"""Points along a part between changes of a mottled frame."""


def band_colours(across: np.ndarray, style: Style, wire: Wire, seed: int) -> np.ndarray:
    """Return the colours of the bands of a part in even light, (N, BANDS, 3) float32.

    Args:
        across: (N, 2) from its first edge to its second, in pixels of the photo.
        style: of the frame.
        wire: the part.
        seed: of a mottled frame's pattern.
    """
    place = (np.arange(BANDS) + 0.5) * (2 / BANDS) - 1
    if style.flat:
        turned = np.sign(place) * np.clip((np.abs(place) - BEVEL) / (1 - BEVEL), 0, 1)
    else:
        turned = place
    angle = STEEP * turned
    way = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    normal = np.empty((len(across), BANDS, 3), np.float32)
    normal[..., :2] = np.sin(angle)[:, None] * way[:, None]
    normal[..., 2] = -np.cos(angle)
    facing = np.clip(normal @ LIGHT / np.linalg.norm(LIGHT), 0, 1)
    half = LIGHT / np.linalg.norm(LIGHT) + np.array([0, 0, -1], np.float32)
    shine = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1) ** SHARP
    up = np.clip(-normal[..., 1], 0, 1)
    reflected = style.gloss * (SKY * up**1.5 + WINDOW * shine * up + GRAZING)
    shade = PLAIN + LIT * facing
    if wire.part == "temple":
        shade, reflected = SIDE * shade, 0.5 * reflected
    colour = np.broadcast_to(np.array(style.colour, np.float32), normal.shape)
    if style.second is not None:
        share = _mottle(len(across), seed)[..., None]
        colour = colour + share * (np.array(style.second, np.float32) - colour)
    # Metal's highlights have its colour, those of a lacquer have not.
    tone = np.ones(3, np.float32) if style.flat else 0.4 + 0.9 * np.array(style.colour, np.float32)
    return colour * shade[..., None] + reflected[..., None] * tone


def _mottle(count: int, seed: int) -> np.ndarray:
    """Return the pattern of horn along a part, (count, BANDS) in [0, 1]."""
    draw = np.random.default_rng(seed)
    coarse = draw.normal(size=(count // GRAIN + 3, 3))
    along = np.linspace(0, len(coarse) - 1.001, count)
    start = along.astype(int)
    rows = coarse[start] + (along - start)[:, None] * (coarse[start + 1] - coarse[start])
    steps = np.linspace(0, 2, BANDS)
    made = np.array([np.interp(steps, np.arange(3), row) for row in rows])
    return np.clip(0.35 + 0.45 * made, 0, 1).astype(np.float32)
