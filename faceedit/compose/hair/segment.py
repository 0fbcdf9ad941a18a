"""Which pixels of a wide crop show hair: what a parser says, carried on by colours and strands.

The parser sees a face and what is close to it well, but neither long hair nor hair that stands far
out, which it takes for what lies behind or for clothes. These are told from hair by how they look,
if they hang together with hair that is sure.
"""

from collections.abc import Callable
from dataclasses import dataclass

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
from faceedit.faces.align import BLANK
from faceedit.regions import Region

SURE, LIKELY = 1.4, 0.2
"""Log odds of hair from which on looks are learned from a pixel, wholly and by half."""
FEWEST = 40
"""Pixels below which a person has no hair to speak of."""
TOLD = 3.0
"""Largest log odds that the parser's answer is given alone."""
FLESH = (
    Region.SKIN, Region.NOSE, Region.BROWS, Region.EYES, Region.EYEGLASSES, Region.EARS,
    Region.MOUTH, Region.LIPS, Region.NECK,
)  # fmt: skip
"""Segments that hair of its own colour does not spread over; the parser knows them well."""
FEATURES = tuple(part for part in FLESH if part not in (Region.SKIN, Region.NECK))
"""Those in which no hair of the head is."""
NEAR, FAR = ((-3.0, 2.5), (-1.6, 2.0))
"""Least and largest log odds of the parser where it sees well, and where less well."""
WALL = (0.3, 0.15)
"""Of the chance of what lies behind that counts against hair, near and farther off."""
ON_CLOTHES = 0.2
"""Of the chance of clothes that counts against hair, below the chin."""
HAT = (0.55, 0.3)
"""Shares of cloth above the brows, near and farther off, that are plainly of a hat."""
HATS, HATTED = 4.0, 0.3
"""Log odds against hair in a hat, and how alike in colour hair may be to it."""
BEYOND, ABOVE = -0.7, 0.0
"""Log odds of hair where the parser does not see, and the least above the brows."""
PERSON = (-2.2, 1.5, 0.4)
"""Least and largest log odds of the person's opacity, the latter above and below the chin."""
INSIDE = 0.75
"""Of these, where the parser sees well."""
VAGUE = 2.0
"""Pixels, of crops of 256, by which the parser may be wrong."""
ABOUT = 3.0
"""Pixels, of crops of 256, about a face's skin within which hair is told from that above all."""
ROUNDS = 3
"""In which looks are learned."""
STEEP, CLEAR = 1.3, 1.6
"""How much surer than all log odds together each round is, and the last."""
HELD = (0.35, 0.4, 0.2)
"""How far what lies behind, clothes and the chest count as no hair, whatever they look like."""
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
NOBODY = 4.0
"""Log odds against hair where nobody is, by the person's opacity."""
COVERED = (0.85, 0.95)
"""Shares of sure hair in that opacity that make it nothing to go by, and all."""
WISPY = 5
"""Pixels, of crops of 256, of the window in which somebody's opacity stands for loose hair."""
FLOOR = (-1.4, 0.2, 6.0, 0.4)
"""Least log odds of what hangs together with hair: off the person, on them; and what these lose by
each face's height beside where hair can hang, and on clothes."""
TAIL = 0.6
"""Chance of hair beside and below a face from which on it is sure, without other hair about it."""
SMOOTH, EPS = 3, 1e-3
"""Of the guided filter, pixels of crops of 256."""
EDGE = 7
"""Pixels around the photo for which what is found at its edge stands."""


@dataclass(frozen=True)
class _Seen:
    """What the networks say of a crop; fields (S, S) float32 in [0, 1].

    Attributes:
        prior: log odds of hair.
        sure: bool, hair that the parser is sure of.
        learned: how far a pixel's look is learned as hair's from the start.
        held: and at least as something else's.
        flesh: chance of `FLESH`.
        hat: chance of a hat.
        floor: log odds that linked pixels have at least.
        photo: bool, not beyond the photo.
        skin: chance of the face's skin.
    """

    prior: np.ndarray
    sure: np.ndarray
    learned: np.ndarray
    held: np.ndarray
    flesh: np.ndarray
    hat: np.ndarray
    floor: np.ndarray
    photo: np.ndarray
    skin: np.ndarray


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
    told = _placed(np.clip(np.log(chance / (1 - chance)), -TOLD, TOLD), size, -TOLD)
    if _shrunk(told > SURE).sum() < FEWEST:
        return np.zeros((size, size), np.float32)
    seen = _seen(told, near, far, person * photo, face, rows, photo)
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


def _seen(
    told: np.ndarray,
    near: np.ndarray,
    far: np.ndarray,
    person: np.ndarray,
    face: np.ndarray,
    rows: tuple[float, float],
    photo: np.ndarray,
) -> _Seen:
    """Put together what the networks say; `told` is the parser's log odds of hair."""
    size, (brows, chin) = len(told), rows
    height = max(chin - brows, 1.0)
    row = np.broadcast_to(np.arange(size, dtype=np.float32)[:, None], (size, size))
    lower = np.clip((row - chin + 0.25 * height) / (0.35 * height), 0, 1)
    upper = row < brows
    inside = _placed(np.ones_like(near[0]), size, 0.0) > 0
    rim = np.clip((_distance(inside) - 2) / 6, 0, 1)
    # Without a hat close to the brows the parser takes hair farther off for one.
    shares = [_hat(part, int(brows) - (size - part.shape[1]) // 2) for part in (near, far)]
    hat = float(np.clip((shares[0] - 0.1) / 0.3, 0, 1))
    plain = all(share > least for share, least in zip(shares, HAT, strict=True))
    clothes = 1 - (1 - ON_CLOTHES) * lower
    close = _evidence(near, size, WALL[0], clothes, NEAR, 0.0)
    wide = _evidence(far, size, WALL[1], np.where(upper, hat, clothes), FAR, BEYOND)
    cloth = _placed(far[Region.CLOTHES], size, 0.0)
    wide = np.where(upper, np.maximum(wide, ABOVE) - HATS * hat * cloth, wide)
    vague = cv2.GaussianBlur(close.astype(np.float32), (0, 0), VAGUE * size / 256)
    kept = np.clip(person, 1e-4, 1 - 1e-4)
    most = PERSON[1] + (PERSON[2] - PERSON[1]) * lower
    body = np.clip(np.log(kept / (1 - kept)), PERSON[0], most) * (1 - INSIDE * rim)
    prior = rim * vague + (1 - rim) * wide + body
    worn = np.maximum(_placed(near[Region.CLOTHES], size, 0.0), cloth) * (plain * upper)
    prior -= 2 * TOLD * np.maximum(_placed(near[list(FEATURES)].sum(0), size, 0.0), face)
    prior -= HATS * worn * inside
    flesh, beyond = (_placed(part[list(FLESH)].sum(0), size, 0.0) for part in (near, far))
    wall, behind = (
        _placed(part[Region.BACKGROUND], size, around) for part, around in ((near, 0.0), (far, 1.0))
    )
    chest = HELD[2] * np.clip((row - chin) / height - 0.5, 0, 1) * person
    held = (HELD[1] * cloth + chest) * (row > chin + 0.2 * height)
    prior -= NOBODY * _nobody(np.minimum(wall, behind), person, _shrunk(told > SURE) & photo)
    wall = HELD[0] * np.where(inside, wall, behind) * np.clip(1 - 4 * person, 0, 1)
    # Hair below a face, which a neck or collar may part from the rest, is hair to both.
    tails = np.maximum(_placed(near[Region.HAIR], size, 0.0), _placed(far[Region.HAIR], size, 0.0))
    sure = _shrunk(told > SURE) | _shrunk((tails > TAIL) & (row > brows) & (person > 0.3))
    floor = FLOOR[0] + (FLOOR[1] - FLOOR[0]) * np.clip(1.5 * person, 0, 1)
    hanging = np.maximum.accumulate(sure, 0) | (person > 0.5)
    floor -= FLOOR[2] * _distance(~hanging) / height + FLOOR[3] * cloth * lower
    skin = [_placed(one[[Region.SKIN, Region.NOSE]].sum(0), size, 0.0) for one in (near, far)]
    return _Seen(
        prior=prior,
        sure=sure,
        learned=(sure + 0.5 * (told > LIKELY)).astype(np.float32),
        held=np.maximum(held, wall),
        flesh=np.maximum(np.where(inside, flesh, beyond), face > 0.5),
        hat=worn.astype(np.float32),
        floor=floor,
        photo=photo,
        skin=np.where(inside, *skin),
    )


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


def _nobody(wall: np.ndarray, person: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Return how surely nobody is where a crop shows something, (S, S) float32 in [0, 1].

    Args:
        wall: (S, S) chance of what lies behind, by both looks of the parser.
        person: (S, S) opacity of the person, which may lack hair that stands out.
        sure: (S, S) bool, hair that the parser is sure of.
    """
    least, most = COVERED
    covered = float((person[sure] > 0.5).mean()) if sure.any() else 0.0
    known = np.maximum(2 * wall - 1, np.clip((covered - least) / (most - least), 0, 1))
    window = np.ones((WISPY * len(person) // 256,) * 2, np.uint8)
    return np.clip(known, 0, 1) * np.clip(1 - 5 * cv2.dilate(person, window), 0, 1)


def _placed(part: np.ndarray, size: int, around: float) -> np.ndarray:
    """Lay a picture of the middle of a crop into the whole of it."""
    side = len(part)
    start = (size - side) // 2
    whole = np.full((size, size), around, np.float32)
    whole[start : start + side, start : start + side] = part
    return whole


def _evidence(
    part: np.ndarray,
    size: int,
    wall: float,
    clothes: np.ndarray,
    bounds: tuple[float, float],
    around: float,
) -> np.ndarray:
    """Return log odds of hair by a parser's answer on the middle of a crop, (S, S) float32."""
    side = part.shape[1]
    start = (size - side) // 2
    share = clothes[start : start + side, start : start + side]
    rest = part[list(FLESH)].sum(0) + share * part[Region.CLOTHES] + wall * part[Region.BACKGROUND]
    odds = np.log((part[Region.HAIR] + 0.01) / (rest + 0.01))
    return _placed(np.clip(odds, *bounds), size, around)


def _hat(part: np.ndarray, brows: int) -> float:
    """Return how much of hair and cloth above the brows' row is cloth."""
    above = part[:, : max(brows, 1)]
    cloth, hair = (float(above[region].sum()) for region in (Region.CLOTHES, Region.HAIR))
    return cloth / (cloth + hair + 1e-6)


def _shrunk(mask: np.ndarray) -> np.ndarray:
    return cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _distance(mask: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)


def _linked(looks: np.ndarray, seen: _Seen) -> np.ndarray:
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
