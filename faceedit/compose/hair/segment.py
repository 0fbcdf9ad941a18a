"""Which pixels of a wide crop show hair: what a parser says, carried on by colours and strands.

The parser sees a face and what is close to it well, but neither long hair nor hair that stands far
out, which it takes for what lies behind or for clothes. These are told from hair by how they look,
if they hang together with hair that is sure.
"""

from collections.abc import Callable

import cv2
import numpy as np

from faceedit.compose.guided import guided_filter
from faceedit.compose.hair.looks import (
    colour_bins,
    colour_logs,
    hue_bins,
    hue_logs,
    likeness,
    strand_bins,
    strand_odds,
)
from faceedit.compose.hair.parsed import SURE, TOLD, Seen, placed, put_together, shrunk
from faceedit.faces.align import BLANK
from faceedit.regions import Region

FEWEST = 40
"""Pixels below which a person has no hair to speak of."""
HATTED = 0.3
"""How alike in colour hair and a hat may be."""
ABOUT = 3.0
"""Pixels, of crops of 256, about a face's skin within which hair is told from that above all."""
ROUNDS = 3
"""In which looks are learned."""
STEEP, CLEAR = 1.3, 1.6
"""How much surer than all log odds together each round is, and the last."""
HUE = 1.6
"""Largest log odds of hues alone."""
OF_FLESH = 0.4
"""How far flesh does not count as something else than hair, when looks are learned."""
OF_LOWER = 0.7
"""Likewise of what lies below hair."""
COLOUR, STRANDS = (-3.2, 3.2), (-1.3, 0.25)
"""Bounds of the log odds of colours, and of fine contrast."""
LINKED = 1.2
"""Log odds of looks from which on pixels hang together."""
SMOOTH, EPS = 3, 1e-3
"""Of the guided filter, pixels of crops of 256."""
EDGE = 7
"""Pixels around the photo for which what is found at its edge stands."""


def find_hair(
    pixels: np.ndarray,
    photo: np.ndarray,
    near: np.ndarray,
    far: np.ndarray,
    person: np.ndarray,
    face: np.ndarray,
    rows: tuple[float, float],
) -> np.ndarray:
    """Find hair.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1], a wide crop as `mirrored` fills it.
        photo: (S, S) bool, what of it is not beyond the photo.
        near: (12, S / 2, S / 2) chances of `Region` in the middle half of the crop.
        far: (12, 3 S / 4, 3 S / 4) the same in its middle three quarters, less sure.
        person: (S, S) float32 opacity of the person.
        face: (S, S) float32 in [0, 1], where no hair of the head is: beards, the middle of a face.
        rows: of the crop that brows and chin lie in.

    Returns:
        (S, S) float32 in [0, 1]; all 0 where there is none.
    """
    size = len(pixels)
    chance = np.clip(near[Region.HAIR], 1e-4, 1 - 1e-4)
    told = placed(np.clip(np.log(chance / (1 - chance)), -TOLD, TOLD), size, -TOLD)
    if shrunk(told > SURE).sum() < FEWEST:
        return np.zeros((size, size), np.float32)
    seen = put_together(told, near, far, person * photo, face, rows, photo)
    colours, strands = colour_bins(pixels), strand_bins(pixels, photo)
    hues, plain = hue_bins(pixels)
    if seen.hat.sum() > FEWEST and likeness(colours, seen.sure * photo, seen.hat * photo) > HATTED:
        # The parser takes the sides of a hat for hair.
        return np.zeros((size, size), np.float32)
    odds, of_hair, bare = seen.prior, seen.learned, 1 - OF_FLESH * np.clip(seen.flesh, 0, 1)
    # What lies below hair may be its lower part, which parsers miss.
    apart = 1 - OF_LOWER * (np.maximum.accumulate(seen.sure, 0) & (seen.flesh < 0.5))
    about = cv2.GaussianBlur(seen.skin, (0, 0), ABOUT * size / 256)
    for _ in range(ROUNDS):
        other = np.square(1 / (1 + np.exp(STEEP * odds)))
        # The parser tells flesh, so that hair may look like it elsewhere.
        pair = of_hair * photo, np.maximum(other * apart, seen.held) * photo * bare
        sets = (*pair, seen.skin * other * photo)
        looks = np.clip(_odds(colour_logs, colours, sets, about), *COLOUR)
        # Where sun shines through hair it is lighter than all that was learned from.
        same = np.minimum(plain * _odds(hue_logs, hues, sets, about), HUE)
        looks = cv2.GaussianBlur(np.maximum(looks, same), (0, 0), 1.0)
        looks += np.clip(strand_odds(strands, *pair), *STRANDS)
        linked = _linked(looks, seen) * np.clip(1 - 1.5 * seen.flesh, 0, 1)
        odds = seen.prior + linked * np.maximum(seen.floor - seen.prior, 0) + looks
        of_hair = np.clip(2 / (1 + np.exp(-STEEP * odds)) - 1, 0, 1)
        of_hair = np.maximum(of_hair, 0.5 * seen.learned)
    found = (1 / (1 + np.exp(-CLEAR * odds))).astype(np.float32)
    found = np.clip(guided_filter(pixels, found, SMOOTH * size // 256, EPS), 0, 1)
    found = found * cv2.dilate(photo.astype(np.uint8), np.ones((EDGE, EDGE), np.uint8))
    return touching(found, seen.sure).astype(np.float32)


def _odds(
    logs: Callable[[np.ndarray, np.ndarray], np.ndarray],
    bins: np.ndarray,
    sets: tuple[np.ndarray, np.ndarray, np.ndarray],
    about: np.ndarray,
) -> np.ndarray:
    """Return (S, S) float32 log odds of looks: hair beside all else, near a face beside its skin.

    Args:
        logs: log chances of bins among weighted pixels, such as `colour_logs`.
        bins: (S, S), of each pixel.
        sets: weights of hair, of all else and of the face's skin, (S, S) each.
        about: (S, S) float32 in [0, 1], where the face's skin is.
    """
    hair, rest, skin = sets
    other = logs(bins, rest)
    if skin.sum() > FEWEST:
        # Of dark skin in the shade there is little in a photo, but much on a temple.
        other = other + about * np.maximum(logs(bins, skin) - other, 0)
    return logs(bins, hair) - other


def _linked(looks: np.ndarray, seen: Seen) -> np.ndarray:
    """Return what looks like hair all the way to hair that is sure, (S, S) float32 in [0, 1]."""
    alike = (looks > LINKED) & (seen.flesh < 0.5) & seen.photo | seen.sure
    # Lines of a wall are no bridge.
    alike = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    kept = _touching(alike, seen.sure, FEWEST // 2)
    wider = cv2.dilate(kept.astype(np.uint8), np.ones((3, 3), np.uint8))
    return cv2.GaussianBlur(wider.astype(np.float32), (0, 0), 1.0)


def _touching(mask: np.ndarray, sure: np.ndarray, least: int) -> np.ndarray:
    """Return the connected parts of a mask that share some pixels with what is sure, bool."""
    parts = np.asarray(cv2.connectedComponents(mask)[1], np.int32)
    counts = np.bincount(parts[sure], minlength=int(parts.max()) + 1)
    return ((counts >= least) & (np.arange(len(counts)) > 0))[parts]


def touching(chance: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Keep chances of hair, (S, S) in [0, 1], that hang together with what is sure, bool."""
    kept = _touching((chance > 0.3).astype(np.uint8), sure, FEWEST // 2)
    return chance * (cv2.dilate(kept.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0)


def mirrored(pixels: np.ndarray) -> np.ndarray:
    """Fill what a wide crop shows beyond the photo with the photo's mirror image.

    Parsers have seen such crops; a grey square beside a head means nothing to them.

    Args:
        pixels: (S, S, 3) float32 RGB, `BLANK` beyond the photo.
    """
    beyond = (pixels == np.float32(BLANK)).all(-1)
    if not beyond.any() or beyond.all():
        return pixels
    _, labels = cv2.distanceTransformWithLabels(
        beyond.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(~beyond)
    edge = np.zeros((int(labels.max()) + 1, 2), np.float32)
    edge[labels[rows, columns]] = np.column_stack([columns, rows])
    y, x = np.mgrid[: len(pixels), : len(pixels)].astype(np.float32)
    nearest = edge[labels]
    high = np.float32(len(pixels) - 1)
    at = [np.clip(2 * nearest[..., k] - one, 0, high) for k, one in enumerate((x, y))]
    filled = cv2.remap(pixels, at[0], at[1], cv2.INTER_LINEAR)
    # A mirror image may lie beyond the photo itself, in narrow ones.
    again = (filled == np.float32(BLANK)).all(-1)
    filled[again] = pixels[nearest[again][:, 1].astype(int), nearest[again][:, 0].astype(int)]
    return np.where(beyond[..., None], filled, pixels)
