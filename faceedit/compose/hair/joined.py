"""What rules and a network say of hair, joined, and carried on by colours and strands once more."""

import cv2
import numpy as np

from faceedit.compose.guided import guided_filter
from faceedit.compose.hair.looks import (
    colour_bins,
    colour_odds,
    hue_bins,
    hue_odds,
    strand_bins,
    strand_odds,
)
from faceedit.compose.hair.parsed import shrunk
from faceedit.compose.hair.segment import (
    CLEAR,
    EDGE,
    EPS,
    FEWEST,
    LINKED,
    ROUNDS,
    SMOOTH,
    STEEP,
    touching,
)

OF_RULES, DOUBT = 0.6, 0.02
"""Weight of the log odds of rules, and the least chance that anything is or is not hair."""
SURE, PRIOR, SEEN = 1.4, 4.0, -3.2
"""Log odds from which on hair is sure, their bound, and those below which a pixel shows none."""
COLOUR, HUE, STRANDS = (-2.2, 2.2), 1.2, (-0.8, 0.2)
"""Bounds of the log odds of colours, of hues alone and of fine contrast."""
FLOOR = -0.6
"""Least prior of what looks like hair all the way to hair that is sure."""


def join_hair(
    pixels: np.ndarray, photo: np.ndarray, ruled: np.ndarray, learned: np.ndarray
) -> np.ndarray:
    """Join what rules and a network say.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1], a wide crop, filled beyond the photo.
        photo: (S, S) bool, what of it is not beyond the photo.
        ruled: (S, S) float32 in [0, 1], hair as `find_hair` finds it.
        learned: (S, S) float32 in [0, 1], chance of hair by the network.

    Returns:
        (S, S) float32 in [0, 1]; what the rules say where there is no hair to speak of.
    """
    told = _log_odds(learned) + OF_RULES * _log_odds(ruled)
    sure = shrunk(told > SURE) & photo
    if sure.sum() < FEWEST:
        return ruled
    prior = np.clip(cv2.GaussianBlur(told, (0, 0), 1.0), -PRIOR, PRIOR)
    near = prior > SEEN
    colours, strands = colour_bins(pixels), strand_bins(pixels, photo)
    hues, plain = hue_bins(pixels)
    odds, of_hair = prior, np.clip(2 / (1 + np.exp(-told)) - 1, 0, 1)
    for _ in range(ROUNDS):
        pair = of_hair * photo, np.square(1 / (1 + np.exp(STEEP * odds))) * photo
        looks = np.clip(colour_odds(colours, *pair), *COLOUR)
        # Where sun shines through hair it is lighter than all that was learned from.
        looks = np.maximum(looks, np.minimum(plain * hue_odds(hues, *pair), HUE))
        looks = cv2.GaussianBlur(looks.astype(np.float32), (0, 0), 1.0)
        looks += np.clip(strand_odds(strands, *pair), *STRANDS)
        alike = ((looks > LINKED) & near & photo | sure).astype(np.float32)
        # Lines of a wall are no bridge.
        alike = cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        linked = cv2.GaussianBlur(touching(alike, sure), (0, 0), 1.0) * near
        odds = prior + linked * np.maximum(FLOOR - prior, 0) + looks
        of_hair = np.maximum(np.clip(2 / (1 + np.exp(-STEEP * odds)) - 1, 0, 1), 0.5 * sure)
    found = (1 / (1 + np.exp(-CLEAR * odds))).astype(np.float32)
    found = np.clip(guided_filter(pixels, found, SMOOTH * len(pixels) // 256, EPS), 0, 1)
    about = cv2.dilate(photo.astype(np.uint8), np.ones((EDGE, EDGE), np.uint8))
    return touching(found * about, sure).astype(np.float32)


def _log_odds(chance: np.ndarray) -> np.ndarray:
    kept = np.clip(chance, DOUBT, 1 - DOUBT)
    return np.log(kept / (1 - kept)).astype(np.float32)
