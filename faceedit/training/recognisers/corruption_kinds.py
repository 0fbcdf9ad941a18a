"""Ways in which made faces look wrong, each graded from not at all to grotesque.

Every kind is a function of a face, another face as a donor, a severity and a generator. What it
draws from the generator does not depend on the severity, so that one seed at rising severities
gives one and the same fault, ever worse; severity 0 leaves the picture as it is.
"""

import cv2
import numpy as np

from faceedit.faces.align import similarity
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import EYES, FACE_OVAL, INNER_LIPS, OUTER_LIPS
from faceedit.training.recognisers.corruption_parts import (
    PlainFace,
    as_jpeg,
    blurred,
    colourless,
    displaced,
    grid,
    part,
    place_inside,
    region,
    soft_outline,
    waves,
)

GREY = (0.299, 0.587, 0.114)


def ghost(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Another face shines through: an alpha blend, everywhere or inside the face."""
    alpha = np.float32(0.5 * severity)
    inside = rng.random() < 0.5
    if inside:
        alpha = alpha * soft_outline(face, FACE_OVAL, 0.08)[..., None]
    return face.picture + alpha * (donor.picture - face.picture)


def double(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """The face shines through itself, shifted, turned and bent: doubled edges."""
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.06, 0.14) * face.unit
    shift = np.array([np.cos(angle), np.sin(angle)], np.float32) * length
    field = shift + waves(face.size, rng) * np.float32(0.05 * face.unit)
    return face.picture + np.float32(0.5 * severity) * (
        displaced(face.picture, field) - face.picture
    )


def warp(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Features swim: a smooth random displacement."""
    return displaced(face.picture, waves(face.size, rng) * np.float32(0.3 * severity * face.unit))


def pinch(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """An eye, the nose or the mouth is much too large or too small."""
    centre = part(face, rng).mean(0)
    radius = float(rng.uniform(0.4, 0.6) * face.unit)
    power = float(rng.choice([-1.2, 0.85]) * severity)
    x, y = grid(face.size)
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    near = np.clip(1 - (dx * dx + dy * dy) / radius**2, 0, 1)
    pull = -power * near * near
    return displaced(face.picture, np.stack([dx * pull, dy * pull], -1))


def blobs(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Soft stains of one colour lie on the face, like the droplets of some GANs."""
    out = face.picture
    x, y = grid(face.size)
    for _ in range(int(rng.integers(1, 5))):
        middle_x, middle_y = place_inside(face, rng).tolist()
        wide, high = (rng.uniform(0.12, 0.32, 2) * face.unit).tolist()
        colour = rng.random(3, np.float32)
        if rng.random() < 0.4:
            colour[:] = colour[0]
        hardness = float(rng.uniform(1, 6))
        far = ((x - middle_x) / wide) ** 2 + ((y - middle_y) / high) ** 2
        alpha = cv2.exp(-cv2.pow(far, hardness))[..., None] * np.float32(severity)
        out = out + alpha * (colour - out)
    return out


def streaks(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Thin bent lines of a wrong colour run over the skin."""
    out = face.picture
    for _ in range(int(rng.integers(2, 6))):
        start = place_inside(face, rng)
        angle, bend = rng.uniform(0, 2 * np.pi), rng.uniform(-1.5, 1.5)
        along = np.linspace(0, 1, 12)
        turned = angle + bend * along
        steps = np.stack([np.cos(turned), np.sin(turned)], 1)
        line = start + steps.cumsum(0) * rng.uniform(0.3, 0.8) * face.unit / 12
        canvas = np.zeros(out.shape[:2], np.uint8)
        fixed = np.round(line * 16).astype(np.int32)
        cv2.polylines(canvas, [fixed], False, 255, int(rng.integers(1, 4)), cv2.LINE_AA, 4)
        colour = rng.random(3, np.float32)
        alpha = cv2.GaussianBlur(canvas, (0, 0), 0.7).astype(np.float32) / 255
        out = out + alpha[..., None] * np.float32(severity) * (colour - out)
    return out


def blur(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Everything is out of focus."""
    return blurred(face.picture, 0.1 * severity * face.unit)


def washed(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """The face or parts of it are blurred while the rest is sharp, as linear models do."""
    if rng.random() < 0.5:
        mask = soft_outline(face, FACE_OVAL, 0.08)
    else:
        mask = np.clip(waves(face.size, rng)[..., 0] * 4 + 0.5, 0, 1)
    soft = blurred(face.picture, 0.09 * severity * face.unit)
    return face.picture + mask[..., None] * (soft - face.picture)


def pixels(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Few and square pixels."""
    side = max(4, round(face.size / (1 + 0.17 * severity * face.unit)))
    small = cv2.resize(face.picture, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (face.size, face.size), interpolation=cv2.INTER_NEAREST)


def bands(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Few levels of brightness."""
    levels = 2 + 22 * (1 - severity) ** 2
    coarse = np.rint(face.picture * np.float32(levels)) / np.float32(levels)
    return face.picture + np.float32(min(1.0, 4 * severity)) * (coarse - face.picture)


def seam(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """A region of another brightness and colour ends at a sharp edge."""
    mask = region(face, rng)
    gains = rng.choice([-1, 1]) * rng.uniform(0.5, 0.9) + rng.uniform(-0.5, 0.5, 3)
    if colourless(face.picture):
        gains[:] = gains.mean()
    changed = face.picture * np.exp(gains * severity).astype(np.float32)
    changed += np.float32(0.15 * severity * np.sign(gains.mean()))
    return face.picture + mask[..., None] * (changed - face.picture)


def shifted(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """A part sits in the wrong place and ends at a sharp edge."""
    mask = region(face, rng)
    angle = rng.uniform(0, 2 * np.pi)
    shift = np.array([np.cos(angle), np.sin(angle)], np.float32) * (0.3 * severity * face.unit)
    field = np.broadcast_to(shift.astype(np.float32), (face.size, face.size, 2))
    return face.picture + mask[..., None] * (displaced(face.picture, field) - face.picture)


def cast(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Wrong colours: hues turned, a strong tint, or a blotched one."""
    way = int(rng.integers(3))
    tint = rng.normal(0, 1, 3).astype(np.float32)
    tint = 1.3 * (tint - tint.mean()) / max(float(np.abs(tint - tint.mean()).max()), 0.2)
    field = waves(face.size, rng)
    turn = rng.choice([-1, 1]) * rng.uniform(0.5, 1) * np.pi * severity
    grey = face.picture @ np.array(GREY, np.float32)
    if way == 0 and not colourless(face.picture):
        # In the plane of equal luma colours turn about grey.
        red, blue = face.picture[..., 0] - grey, face.picture[..., 2] - grey
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        red, blue = cos * red - sin * blue, sin * red + cos * blue
        green = -(GREY[0] * red + GREY[2] * blue) / np.float32(GREY[1])
        return np.stack([grey + red, grey + green, grey + blue], -1)
    if way == 1:
        return face.picture * np.exp(np.float32(0.8 * severity) * tint)
    strength = np.float32(1.6 * severity) * field[..., :1]
    return face.picture * np.exp(strength * tint)


def jpeg(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Blocks of a JPEG of low quality."""
    if severity <= 0:
        return face.picture
    quality = round(2 + 50 * (1 - severity) ** 2)
    return as_jpeg(np.clip(face.picture, 0, 1), quality)


def noise(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Grain, coloured or grey, fine or coarse."""
    coarse, coloured = rng.random() < 0.4, rng.random() < 0.5
    side = face.size // 2 if coarse else face.size
    grain = rng.standard_normal((side, side, 3), np.float32)
    if not coloured:
        grain[:] = grain[..., :1]
    if coarse:
        grain = cv2.resize(grain, (face.size, face.size), interpolation=cv2.INTER_LINEAR)
    return face.picture + np.float32(0.28 * severity) * grain


def checker(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """The chequered patterns of transposed convolutions, here and there or everywhere."""
    period, slope = rng.integers(2, 9), rng.random() < 0.5
    x, y = grid(face.size)
    angles = 2 * np.pi / np.float32(period)
    pattern = np.sin(angles * x + 0.8) * np.sin(angles * y + 0.8)
    if slope:
        pattern = np.sin(angles * x + 0.8) + np.sin(angles * y + 0.8)
    pattern = pattern / np.abs(pattern).max()
    where = np.clip(waves(face.size, rng)[..., 0] * 3 + 0.7, 0.3, 1)
    colour = np.float32(1) + rng.uniform(-0.4, 0.4, 3).astype(np.float32)
    return face.picture + np.float32(0.35 * severity) * (pattern * where)[..., None] * colour


def sharpen(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """Too much unsharp masking: halos and grit."""
    soft = blurred(face.picture, rng.uniform(0.012, 0.04) * face.unit)
    return face.picture + np.float32(6 * severity) * (face.picture - soft)


def mouth(
    face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator
) -> np.ndarray:
    """A mouth that does not belong: the donor's, pasted askew, or half open and smeared."""
    shift = rng.normal(0, 0.12, 2) * severity * face.unit
    scale = np.exp(rng.choice([-1, 1]) * 0.35 * severity)
    smeared, tone = rng.random() < 0.4, rng.uniform(-0.35, 0.2)
    lips = face.landmarks[list(OUTER_LIPS)]
    if not smeared:
        return _pasted(face, donor, OUTER_LIPS, shift, scale, severity, tone)
    # Paint under a mean loss: what was open now and closed then comes out half open and grey.
    half = (lips.max(0) - lips.min(0))[0] / 2
    height = half * (0.15 + 0.55 * severity)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ellipse = np.stack([0.7 * half * np.cos(angles), height * np.sin(angles)], 1)
    opening = lips.mean(0) + shift / 2 + ellipse
    alpha = blurred(fill_polygon(opening, face.picture.shape[:2]), 0.015 * face.unit)
    inner = face.landmarks[list(INNER_LIPS)].mean(0)
    skin = face.picture[tuple(np.clip(np.rint(inner[::-1]), 0, face.size - 1).astype(int))]
    grey = np.float32(np.clip(skin.mean() + tone, 0.08, 0.8))
    paint = np.float32(0.75) * grey + np.float32(0.25) * skin
    return face.picture + (alpha * min(1.0, 2.5 * severity))[..., None] * (paint - face.picture)


def eye(face: PlainFace, donor: PlainFace, severity: float, rng: np.random.Generator) -> np.ndarray:
    """One eye is the donor's, pasted askew."""
    points = EYES[int(rng.integers(2))]
    shift = rng.normal(0, 0.06, 2) * severity * face.unit
    scale = np.exp(rng.choice([-1, 1]) * 0.3 * severity)
    return _pasted(face, donor, points, shift, scale, severity, rng.uniform(-0.3, 0.3))


def _pasted(
    face: PlainFace,
    donor: PlainFace,
    points: tuple[int, ...],
    shift: np.ndarray,
    scale: float,
    severity: float,
    tone: float,
) -> np.ndarray:
    """Lay the donor's part over the face's, less and less well matched in colour and place."""
    goal = face.landmarks[list(points)]
    middle = goal.mean(0)
    affine = similarity(donor.landmarks[list(points)], middle + (goal - middle) * scale + shift)
    size = (face.size, face.size)
    moved = cv2.warpAffine(donor.picture, affine, size, borderMode=cv2.BORDER_REFLECT_101)
    covered = np.concatenate([goal, middle + (goal - middle) * scale + shift])
    hull = cv2.convexHull(covered.astype(np.float32))[:, 0]
    hull = hull.mean(0) + (hull - hull.mean(0)) * 1.35
    mask = fill_polygon(hull, size)
    inside = mask > 0.5
    if inside.any():
        matched = moved + face.picture[inside].mean(0) - moved[inside].mean(0)
        moved = matched + np.float32(severity) * (moved - matched + np.float32(tone))
    alpha = mask * np.float32(min(1.0, 2.5 * severity))
    return face.picture + alpha[..., None] * (moved - face.picture)
