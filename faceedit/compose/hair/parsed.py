"""What networks say of hair in a wide crop, before colours and strands are looked at."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.ramps import ramp
from faceedit.regions import Region

SURE, LIKELY = 1.4, 0.2
"""Log odds of hair from which on looks are learned from a pixel, wholly and by half."""
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
HATS = 4.0
"""Log odds against hair in a hat."""
BEYOND, ABOVE = -0.7, 0.0
"""Log odds of hair where the parser does not see, and the least above the brows."""
PERSON = (-2.2, 1.5, 0.4)
"""Least and largest log odds of the person's opacity, the latter above and below the chin."""
INSIDE = 0.75
"""Of these, where the parser sees well."""
VAGUE = 2.0
"""Pixels, of crops of 256, by which the parser may be wrong."""
HELD = (0.35, 0.4, 0.2)
"""How far what lies behind, clothes and the chest count as no hair, whatever they look like."""
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


@dataclass(frozen=True)
class Seen:
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


def put_together(
    told: np.ndarray,
    near: np.ndarray,
    far: np.ndarray,
    person: np.ndarray,
    face: np.ndarray,
    rows: tuple[float, float],
    photo: np.ndarray,
) -> Seen:
    """Put together what the networks say; `told` is the parser's log odds of hair."""
    size, (brows, chin) = len(told), rows
    height = max(chin - brows, 1.0)
    row = np.broadcast_to(np.arange(size, dtype=np.float32)[:, None], (size, size))
    lower = np.clip((row - chin + 0.25 * height) / (0.35 * height), 0, 1)
    upper = row < brows
    inside = placed(np.ones_like(near[0]), size, 0.0) > 0
    rim = np.clip((_distance(inside) - 2) / 6, 0, 1)
    # Without a hat close to the brows the parser takes hair farther off for one.
    shares = [_hat(part, int(brows) - (size - part.shape[1]) // 2) for part in (near, far)]
    hat = float(np.clip((shares[0] - 0.1) / 0.3, 0, 1))
    plain = all(share > least for share, least in zip(shares, HAT, strict=True))
    clothes = 1 - (1 - ON_CLOTHES) * lower
    close = _evidence(near, size, WALL[0], clothes, NEAR, 0.0)
    wide = _evidence(far, size, WALL[1], np.where(upper, hat, clothes), FAR, BEYOND)
    cloth = placed(far[Region.CLOTHES], size, 0.0)
    wide = np.where(upper, np.maximum(wide, ABOVE) - HATS * hat * cloth, wide)
    vague = cv2.GaussianBlur(close.astype(np.float32), (0, 0), VAGUE * size / 256)
    kept = np.clip(person, 1e-4, 1 - 1e-4)
    most = PERSON[1] + (PERSON[2] - PERSON[1]) * lower
    body = np.clip(np.log(kept / (1 - kept)), PERSON[0], most) * (1 - INSIDE * rim)
    prior = rim * vague + (1 - rim) * wide + body
    worn = np.maximum(placed(near[Region.CLOTHES], size, 0.0), cloth) * (plain * upper)
    prior -= 2 * TOLD * np.maximum(placed(near[list(FEATURES)].sum(0), size, 0.0), face)
    prior -= HATS * worn * inside
    flesh, beyond = (placed(part[list(FLESH)].sum(0), size, 0.0) for part in (near, far))
    wall, behind = (
        placed(part[Region.BACKGROUND], size, around) for part, around in ((near, 0.0), (far, 1.0))
    )
    chest = HELD[2] * np.clip((row - chin) / height - 0.5, 0, 1) * person
    held = (HELD[1] * cloth + chest) * (row > chin + 0.2 * height)
    prior -= NOBODY * _nobody(np.minimum(wall, behind), person, shrunk(told > SURE) & photo)
    wall = HELD[0] * np.where(inside, wall, behind) * np.clip(1 - 4 * person, 0, 1)
    # Hair below a face, which a neck or collar may part from the rest, is hair to both.
    tails = np.maximum(placed(near[Region.HAIR], size, 0.0), placed(far[Region.HAIR], size, 0.0))
    sure = shrunk(told > SURE) | shrunk((tails > TAIL) & (row > brows) & (person > 0.3))
    floor = FLOOR[0] + (FLOOR[1] - FLOOR[0]) * np.clip(1.5 * person, 0, 1)
    hanging = np.maximum.accumulate(sure, 0) | (person > 0.5)
    floor -= FLOOR[2] * _distance(~hanging) / height + FLOOR[3] * cloth * lower
    skin = [placed(one[[Region.SKIN, Region.NOSE]].sum(0), size, 0.0) for one in (near, far)]
    return Seen(
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


def _nobody(wall: np.ndarray, person: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Return how surely nobody is where a crop shows something, (S, S) float32 in [0, 1].

    Args:
        wall: (S, S) chance of what lies behind, by both looks of the parser.
        person: (S, S) opacity of the person, which may lack hair that stands out.
        sure: (S, S) bool, hair that the parser is sure of.
    """
    covered = float((person[sure] > 0.5).mean()) if sure.any() else 0.0
    known = np.maximum(2 * wall - 1, ramp(covered, COVERED))
    window = np.ones((WISPY * len(person) // 256,) * 2, np.uint8)
    return np.clip(known, 0, 1) * np.clip(1 - 5 * cv2.dilate(person, window), 0, 1)


def placed(part: np.ndarray, size: int, around: float) -> np.ndarray:
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
    return placed(np.clip(odds, *bounds), size, around)


def _hat(part: np.ndarray, brows: int) -> float:
    """Return how much of hair and cloth above the brows' row is cloth."""
    above = part[:, : max(brows, 1)]
    cloth, hair = (float(above[region].sum()) for region in (Region.CLOTHES, Region.HAIR))
    return cloth / (cloth + hair + 1e-6)


def shrunk(mask: np.ndarray) -> np.ndarray:
    """Return a mask, (S, S) bool, without its rim of one pixel."""
    return cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _distance(mask: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
