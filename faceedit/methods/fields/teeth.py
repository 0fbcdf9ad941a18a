"""The teeth that are painted: a few textures, one for each width of mouth."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from faceedit.compose.mouth.opening import mouth_width
from faceedit.compose.mouth.paint import CORNER, PER_CM, TEETH_EDGE, TEXTURE_SIZE, TeethTexture
from faceedit.faces.topology import eye_distance
from faceedit.tones import LUMA

USUAL_WIDTH = 0.56
"""Of a closed mouth, in eye distances: the first texture suits it."""
GAPS, DEEPER = (9.0, 3.0), 1.6
"""Blurs across and along teeth, in pixels of a texture, whose mean a gap is darker than, and how
much of that is added."""
SIDES, DARKEST = (1.5, 2.3), 0.4
"""Centimetres from the middle between which gaps come to be as learned; brightness of the darkest
there, since teeth in the shade of a cheek are not black."""
TIPS, TOOTH = 0.45, (0.42, 0.7)
"""Centimetres above the lowest tooth within which upper teeth end each by itself, and brightness
from which on a texture shows a tooth there: not the lip or the dark between two."""
KNEE, BRIGHTEST = 0.85, 1.2
"""Brightness of lit teeth from which on highlights are pressed together, and what none reaches:
cut off at one value, front teeth are a flat white bar."""
_CHANNELS = 5


def pack_textures(textures: Sequence[TeethTexture]) -> np.ndarray:
    """Return textures as one array (K, h, w, 5) float32: colour, upper, lower."""
    return np.stack([np.dstack([t.colour, t.upper, t.lower]) for t in textures]).astype(np.float32)


def unpack_textures(array: np.ndarray) -> tuple[TeethTexture, ...]:
    """Return the textures that `pack_textures` packed.

    Raises:
        ValueError: the array has another shape.
    """
    if array.ndim != 4 or array.shape[1:] != (*TEXTURE_SIZE, _CHANNELS) or not len(array):
        raise ValueError(f"textures of teeth are (K, {TEXTURE_SIZE}, 5), not {array.shape}")
    array = array.astype(np.float32)
    return tuple(TeethTexture(a[..., :3].copy(), a[..., 3], a[..., 4]) for a in array)


def with_gaps(texture: TeethTexture) -> TeethTexture:
    """Return a texture with its gaps between teeth as deep as those of one mouth.

    A texture is the mean of many smiles, whose gaps do not lie in the same places.
    """
    columns = np.arange(texture.colour.shape[1], dtype=np.float32)
    away = np.abs(CORNER[0] + columns / PER_CM)
    middle = np.clip((SIDES[1] - away) / (SIDES[1] - SIDES[0]), 0, 1)
    luma = np.maximum(texture.colour @ LUMA, 0.02)
    floor = np.maximum(luma, (1 - middle) * DARKEST)
    colour, luma = texture.colour * (floor / luma)[..., None], floor
    gaps = np.log(luma) - np.log(
        np.maximum(cv2.GaussianBlur(luma, (0, 0), sigmaX=GAPS[0], sigmaY=GAPS[1]), 0.02)
    )
    deeper = np.exp(DEEPER * middle * np.clip(gaps, -0.5, 0.1))[..., None].astype(np.float32)
    return replace(texture, colour=colour * deeper)


def with_soft_lights(texture: TeethTexture) -> TeethTexture:
    """Return a texture whose highlights keep their form and do not glare."""
    luma = np.maximum(texture.colour @ LUMA, 1e-3)
    room = BRIGHTEST - KNEE
    pressed = np.minimum(luma, KNEE + room * np.tanh(np.maximum(luma - KNEE, 0) / room))
    return replace(texture, colour=texture.colour * (pressed / luma)[..., None])


def with_tips(texture: TeethTexture) -> TeethTexture:
    """Return a texture whose upper teeth end where each ends; what is between goes with the lower.

    Smiles show a lip there, which an open mouth has not.
    """
    luma = cv2.GaussianBlur(texture.colour @ LUMA, (0, 0), 0.8)
    low, high = TOOTH
    tooth = np.clip((luma - low) / (high - low), 0, 1)
    rows = np.arange(len(luma), dtype=np.float32)[:, None]
    from_row = (TEETH_EDGE - CORNER[1] - TIPS) * PER_CM
    near = np.clip((rows - from_row) / (0.3 * TIPS * PER_CM), 0, 1)
    given = texture.upper * near * (1 - tooth * tooth * (3 - 2 * tooth))
    return replace(
        texture,
        upper=(texture.upper - given).astype(np.float32),
        lower=np.minimum(texture.lower + given, 1).astype(np.float32),
    )


def choose_texture(textures: Sequence[TeethTexture], landmarks: np.ndarray) -> TeethTexture:
    """Return the teeth of a face, the same at every strength and for every target.

    Args:
        textures: at least one.
        landmarks: (478, >= 2) before the edit.
    """
    width = mouth_width(landmarks, max(eye_distance(landmarks), 1e-3))
    # Any rule will do that is a person's own: wide mouths take the later ones.
    return textures[int(np.clip((width - USUAL_WIDTH) / 0.06 + 0.5, 0, len(textures) - 1))]


def part_texture(colour: np.ndarray, edge: np.ndarray, seen: np.ndarray) -> TeethTexture:
    """Part a texture of a closed bite along the lower edge of its upper teeth.

    Args:
        colour: (h, w, 3) float32 RGB, lit teeth at 1.
        edge: (w,) rows of that edge.
        seen: (h, w) in [0, 1], what the smiles it was learned from show.
    """
    rows = np.arange(len(colour), dtype=np.float32)[:, None]
    above = np.clip(edge[None] + 1.0 - rows, 0, 1)
    return TeethTexture(
        colour.astype(np.float32),
        (seen * above).astype(np.float32),
        (seen * (1 - above)).astype(np.float32),
    )


def plain_texture() -> TeethTexture:
    """Return teeth without form, for where no smiles have been learned from."""
    height, width = TEXTURE_SIZE
    edge = np.full(width, (TEETH_EDGE - CORNER[1]) * PER_CM, np.float32)
    return part_texture(
        np.ones((height, width, 3), np.float32), edge, np.ones(TEXTURE_SIZE, np.float32)
    )
