"""Which pixels of a wide crop show hair: what a parser says, carried on by colours."""

import cv2
import numpy as np

from faceedit.compose.guided import guided_filter
from faceedit.faces.align import BLANK
from faceedit.regions import Region
from faceedit.tones import to_bytes

SURE, LIKELY, NONE = 1.4, 0.2, -2.0
"""Log odds of hair from which on, and below which, colours are learned from a pixel."""
CLEAR = 1.6
"""How much surer than each all are together."""
FEWEST = 40
"""Pixels below which a person has no hair to speak of."""
NEAR = 3.0
"""Largest log odds of the parser where it sees well."""
FAR, PERSON = (-1.4, 2.4), (-2.4, 0.5)
"""Least and largest log odds of the parser where it sees less well, and of the person's opacity."""
ABOVE = 0.0
"""Least log odds of hair above the brows, where the parser sees less well."""
AWAY = 5.0
"""Log odds that hair loses on its way of a crop's side."""
HATS, ON_CLOTHES = 4.0, 1.5
"""Log odds against hair where the parser sees cloth, above the brows and below."""
ROUNDS = 2
"""In which colours are told apart."""
FEATURES = (
    Region.BROWS, Region.EYES, Region.EYEGLASSES, Region.MOUTH, Region.LIPS, Region.NOSE,
    Region.EARS,
)  # fmt: skip
"""Segments that hair of its own colour does not spread over."""
VAGUE = 2.5
"""Pixels, of crops of 256, by which the parser may be wrong."""
COLOUR = (-1.2, 3.0)
"""Least and largest log odds of colours: hair has more of them than its sure part shows."""
BEYOND = -0.7
"""Log odds of hair where the parser does not see."""
SMOOTH, EPS = 3, 1e-3
"""Of the guided filter, pixels of crops of 256."""
BLUR = np.array([0.05, 0.25, 0.4, 0.25, 0.05])
"""Of histograms of colours, bins of 8 levels."""


def find_hair(
    pixels: np.ndarray,
    near: np.ndarray,
    far: np.ndarray,
    person: np.ndarray,
    face: np.ndarray,
    brows: float,
) -> np.ndarray:
    """Find hair.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1], a wide crop.
        near: (12, S / 2, S / 2) chances of `Region` in the middle half of the crop.
        far: (12, 3 S / 4, 3 S / 4) the same in its middle three quarters, less sure.
        person: (S, S) float32 opacity of the person.
        face: (S, S) float32 in [0, 1], where no hair of the head is: beards, the middle of a face.
        brows: row of the crop that brows lie in.

    Returns:
        (S, S) float32 in [0, 1]; all 0 where there is none.
    """
    size = len(pixels)
    seen = _placed(near[Region.HAIR], size, np.nan)
    wide = _placed(far[Region.HAIR], size, np.nan)
    inside = np.isfinite(seen)
    told = _odds(np.nan_to_num(seen), NEAR)
    sure = inside & _shrunk(told > SURE)
    if sure.sum() < FEWEST:
        return np.zeros((size, size), np.float32)
    other = (inside & (told < NONE)) | (person < 0.04)
    # What is above a face is a person's hair, or a hat.
    least = np.where(np.arange(size)[:, None] < brows, ABOVE, FAR[0])
    odds = np.where(np.isfinite(wide), np.clip(_odds(wide, 4.0), least, FAR[1]), BEYOND)
    odds += np.clip(_odds(person, 4.0), *PERSON)
    rim = _rim(inside)
    odds -= AWAY * _distance(~sure) / size
    # Segments end within a few pixels of where the parser says; there colours know better.
    vague = cv2.GaussianBlur(told, (0, 0), VAGUE * size / 256)
    odds = rim * vague + (1 - rim) * odds
    cloth, beyond = (_placed(part[Region.CLOTHES], size, 0.0) for part in (near, far))
    # Below the brows it is clothes, which long hair lies on.
    against = np.where(np.arange(size)[:, None] < brows, HATS, ON_CLOTHES).astype(np.float32)
    odds -= against * (rim * cloth + (1 - rim) * beyond)
    odds -= 2 * NEAR * np.maximum(_placed(near[list(FEATURES)].sum(0), size, 0.0), face)
    picture = to_bytes(pixels)
    colours = np.zeros_like(odds)
    hair = inside & (told > LIKELY)
    for _ in range(ROUNDS):
        # Locks over a cheek that the parser takes for skin must not pass for skin's colour, nor
        # what is lit otherwise than the sure part for something else than hair.
        colours = np.clip(_colour_odds(picture, hair, other & (odds + colours < 0)), *COLOUR)
        hair |= odds + colours > SURE
    odds += colours
    chance = (1 / (1 + np.exp(-CLEAR * odds))).astype(np.float32)
    chance = guided_filter(pixels, chance, SMOOTH * size // 256, EPS)
    return _connected(np.clip(chance, 0, 1), sure).astype(np.float32)


def _placed(part: np.ndarray, size: int, around: float) -> np.ndarray:
    """Lay a picture of the middle of a crop into the whole of it."""
    side = len(part)
    start = (size - side) // 2
    whole = np.full((size, size), around, np.float32)
    whole[start : start + side, start : start + side] = part
    return whole


def _odds(chance: np.ndarray, limit: float) -> np.ndarray:
    kept = np.clip(chance, 1e-4, 1 - 1e-4)
    return np.clip(np.log(kept / (1 - kept)), -limit, limit)


def _shrunk(mask: np.ndarray) -> np.ndarray:
    return cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _rim(inside: np.ndarray) -> np.ndarray:
    """Return 1 well inside, falling to 0 at the edge of what the parser sees well."""
    return np.clip((_distance(inside) - 2) / 6, 0, 1)


def _distance(mask: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)


def _connected(chance: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Keep what hangs together with what is sure."""
    parts = np.asarray(cv2.connectedComponents((chance > 0.3).astype(np.uint8))[1], np.int32)
    counts = np.bincount(parts[sure], minlength=int(parts.max()) + 1)
    kept = (counts >= FEWEST // 2) & (np.arange(len(counts)) > 0)
    near = cv2.dilate(kept[parts].astype(np.uint8), np.ones((7, 7), np.uint8))
    return chance * (near > 0)


def _colour_odds(picture: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (h, w) float32 log odds of uint8 pixels' colours by two sets' histograms in Lab."""
    bins = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)) // 8
    places = tuple(np.moveaxis(bins, -1, 0))
    shares = []
    for chosen in (first, second):
        counts = np.zeros((32, 32, 32), np.float32)
        np.add.at(counts, tuple(np.moveaxis(bins[chosen], -1, 0)), 1.0)
        for axis in range(3):
            planes = np.moveaxis(counts, axis, 0).reshape(32, -1)
            smooth = cv2.sepFilter2D(planes, -1, np.ones(1), BLUR, borderType=cv2.BORDER_CONSTANT)
            counts = np.moveaxis(smooth.reshape(32, 32, 32), 0, axis)
        shares.append(counts / max(float(counts.sum()), 1e-6) + 1e-5)
    odds = np.log(shares[0][places] / shares[1][places]).astype(np.float32)
    return cv2.GaussianBlur(odds, (0, 0), 1.0)


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
