"""Estimates the light of a photo and exchanges it for another.

A log ratio leads from one to the other: light on the surface in the new light over light on it in
the old, with cast shadows, a sheen that does not depend on how dark the skin is, and highlights
that bend into white. The surface is `relief`'s.

The photo's own light is a spherical harmonic of first order (Basri and Jacobs, Lambertian
Reflectance and Linear Subspaces, 2003), fitted to the brightness of the skin. It is a `Light` too,
of softness 1, and putting a photo into it changes nothing. Shadows that the photo shows stay.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numba import njit

from faceedit.faces.topology import BROWS, EYES, FACE_OVAL, IRISES, OUTER_LIPS
from faceedit.studio.guided import guided_filter
from faceedit.studio.lights import LUMA, Light
from faceedit.studio.relief import FACING, Relief, build_relief
from faceedit.studio.shadows import cast_shadows
from faceedit.studio.subject import Pose, Subject

GAMMA = 2.2
"""Display values are linear ones to the power 1 / GAMMA."""
LOWEST, HIGHEST = -4.0, 1.2
"""Bounds of the log ratio."""

TRUST = (1.0, 0.7, 0.5)
"""Of the fitted harmonics along x, y, z: beards, foreheads and make-up look like light from above,
noses and cheeks like light from the front."""
SURE = 0.4
"""Share of the skin's variation that light explains above which the fit is believed."""
SAMPLES = 3000
"""Pixels of skin that the fit looks at."""
STRONGEST = 0.6
"""Of the harmonics over the mean: the darkest side has 0.4 of the mean light."""
TYPICAL_FACING = 0.8
"""Mean z of the normals of a face seen from the front."""

SHEEN = 0.05
"""Linear reflection of a key light of 1 at the middle of a highlight of skin; F0 is 0.028."""
SHEEN_OF_HAIR = 0.35
DARKEST = 0.01
"""Linear luma that the sheen is compared with at least."""
REDDENING = (0.06, 0.0, -0.02)
"""How much further light of each colour reaches into the shade of skin."""
KNEE = 0.82
"""Display value above which highlights bend."""
ALIKE = 0.05
"""Deviation in display RGB of what counts as the wall behind the person."""
CATCHLIGHT = 0.35
"""How much darker a catchlight may become, natural log."""


@dataclass(frozen=True)
class LightEstimate:
    """The light that a photo was taken in.

    The skin's luma is about level · (1 + x n_x + y n_y + z (n_z − 0.8)).

    Attributes:
        harmonics: x, y, z.
        level: linear luma of the skin.
        saturation: of the skin, 0 in a grey photo to about 0.5.
        certainty: 0 to 1, share of the skin's variation that the light explains.
    """

    harmonics: tuple[float, float, float]
    level: float
    saturation: float
    certainty: float

    @property
    def strength(self) -> float:
        """How much brighter than the mean the brightest side is, 0 to 0.6."""
        return float(np.linalg.norm(self.harmonics))

    @property
    def direction(self) -> tuple[float, float, float]:
        """Unit vector to where most light comes from; the camera where none does."""
        x, y, z = self.harmonics
        length = self.strength
        return (x / length, y / length, z / length) if length > 1e-6 else (0.0, 0.0, 1.0)

    @cached_property
    def light(self) -> Light:
        """The photo's own light: relighting to it changes nothing."""
        strength = self.strength
        mean = 1.0 - TYPICAL_FACING * self.harmonics[2]
        return Light(
            name="own",
            direction=self.direction,
            ambient=mean - strength,
            key=2.0 * strength,
            softness=1.0,
            shadow=0.0,
            background=1.0,
        )


def estimate_light(subject: Subject, matte: np.ndarray | None = None) -> LightEstimate:
    """Estimate the light on a face, robustly against beards, glasses and shadows.

    Args:
        subject: the fitted face.
        matte: (S, S) opacity of the person; where it is small nothing is measured.
    """
    pose, pixels = subject.pose, subject.crop.pixels
    normals = pose.drawing.interpolate(pose.normals)
    measured = _bare_skin(subject) & pose.drawing.skin & (normals[..., 2] > 10 * FACING)
    if matte is not None:
        measured &= matte > 0.5
    measured = np.flatnonzero(measured)
    if len(measured) < 50:
        return LightEstimate((0.0, 0.0, 0.0), 0.2, 0.0, 0.0)
    measured = measured[:: max(1, len(measured) // SAMPLES)]
    linear = pixels.reshape(-1, 3)[measured] ** GAMMA
    luma = linear @ np.array(LUMA)
    level = max(float(np.median(luma)), 1e-3)
    n = normals.reshape(-1, 3)[measured].astype(np.float64)
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    n[:, 2] -= TYPICAL_FACING
    fitted, certainty = _robust_fit(n, luma / level)
    harmonics = fitted * TRUST * min(1.0, certainty / SURE)
    strength = float(np.linalg.norm(harmonics))
    # Never beyond what leaves the dark side some light to divide by.
    harmonics *= STRONGEST * np.tanh(strength / STRONGEST) / max(strength, 1e-6)
    x, y, z = (float(v) for v in harmonics)
    mean = np.median(linear, axis=0) ** (1 / GAMMA)
    saturation = float((mean.max() - mean.min()) / max(mean.max(), 1e-3))
    return LightEstimate((x, y, z), level, saturation, certainty)


def relight(
    subject: Subject,
    pose: Pose,
    pixels: np.ndarray,
    matte: np.ndarray,
    estimate: LightEstimate,
    light: Light,
    amount: float = 1.0,
    relief: Relief | None = None,
) -> np.ndarray:
    """Return the log ratio that puts a picture into another light.

    Args:
        subject: the fitted face.
        pose: the face as `pixels` show it.
        pixels: (S, S, 3) float32 RGB in [0, 1].
        matte: (S, S) float32 opacity of the person in `pixels`.
        estimate: of the photo's own light.
        light: wanted.
        amount: 0 leaves the picture, 1 is the light; the ratio is proportional to it.
        relief: of the same pose, pixels and matte, where several lights are asked for.

    Returns:
        (S, S, 3) float32 natural logs of ratios of display values, in [-4, 1.2] for amounts up to
        1. pixels · exp(ratio) is the picture in the light, highlights included, at most 1.
    """
    if amount == 0:
        return np.zeros(pixels.shape, np.float32)
    relief = relief or build_relief(pose, pixels, matte, subject.unit)
    linear = np.power(pixels, np.float32(GAMMA))
    luma = linear @ np.array(LUMA, np.float32)
    seen = _visibility(relief, light, matte, subject.unit)
    own = estimate.light
    gain, sheen = _shade(
        relief.normals,
        seen,
        relief.skin,
        _as_row(light),
        _as_row(own),
        np.array(light.colour, np.float32),
        np.array(REDDENING, np.float32) * min(1.0, estimate.saturation / 0.3),
    )
    around = cv2.GaussianBlur(luma, (0, 0), 0.06 * subject.unit)
    sheen *= SHEEN / np.maximum(around, DARKEST)
    gain += sheen[..., None] * np.array(light.colour, np.float32)
    gain = _follow_edges(gain, pixels, relief.edge, subject.unit)
    matte = _without_wall(matte, pixels, relief.skin, subject.unit)
    gain = _with_background(gain, luma, matte, light)
    ratio = np.log(np.maximum(gain, 1e-4)) / np.float32(GAMMA)
    ratio = _keep_catchlights(ratio, pixels, subject)
    return np.float32(amount) * _bend_highlights(ratio, pixels)


def _bare_skin(subject: Subject) -> np.ndarray:
    """Return where the photo shows skin without brows, eyes and lips, (S, S) bool."""
    points = subject.crop.landmarks[:, :2]
    bare = np.zeros(subject.crop.pixels.shape[:2], np.uint8)
    cv2.fillPoly(bare, [np.round(points[list(FACE_OVAL)]).astype(np.int32)], 1)
    bare = cv2.erode(bare, np.ones((3, 3), np.uint8))
    for ring in (*EYES, *BROWS, OUTER_LIPS):
        hull = cv2.convexHull(np.round(points[list(ring)]).astype(np.int32))
        covered = np.zeros_like(bare)
        cv2.fillConvexPoly(covered, hull, 1)
        width = 2 * max(1, round(0.05 * subject.unit)) + 1
        bare[cv2.dilate(covered, np.ones((width, width), np.uint8)) > 0] = 0
    return bare > 0


def _robust_fit(normals: np.ndarray, luma: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit luma by 1 and normals, far ones counting little; return (3,) over the mean, and R²."""
    basis = np.column_stack([np.ones(len(normals)), normals])
    weight = np.ones(len(luma))
    solution = np.zeros(4)
    for _ in range(6):
        weighted = basis * weight[:, None]
        # Harmonics that the visible normals hardly tell apart stay small.
        ridge = 0.004 * weight.sum() * np.diag([0.0, 1.0, 1.0, 1.0])
        solution = np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ luma)
        missed = luma - basis @ solution
        spread = 1.5 * np.median(np.abs(missed)) + 1e-4
        weight = 1.0 / np.sqrt(1.0 + (missed / spread) ** 2)
    mean = np.average(luma, weights=weight)
    left = float((weight * missed**2).sum() / max((weight * (luma - mean) ** 2).sum(), 1e-9))
    return solution[1:] / max(solution[0], 0.1), float(np.clip(1 - left, 0, 1))


def _visibility(relief: Relief, light: Light, matte: np.ndarray, unit: float) -> np.ndarray:
    """Return the share of the key light that no part of the person holds back, (S, S) float32."""
    if light.shadow == 0 or light.key == 0:
        return np.ones(matte.shape, np.float32)
    # Shadows have soft edges: half the size is enough.
    half = (max(2, matte.shape[1] // 2), max(2, matte.shape[0] // 2))
    height = cv2.resize(relief.height, half, interpolation=cv2.INTER_AREA)
    wanted = cv2.resize(matte, half, interpolation=cv2.INTER_AREA) > 0.02
    scale = relief.scale * half[0] / matte.shape[1]
    seen = cast_shadows(height, wanted, light.direction, scale, light.softness)
    seen = cv2.resize(seen, matte.shape[::-1], interpolation=cv2.INTER_LINEAR)
    sharp = cv2.GaussianBlur(seen, (0, 0), (0.012 + 0.06 * light.softness) * unit)
    # Hair is no closed surface: light leaks through it and spreads.
    soft = cv2.GaussianBlur(seen, (0, 0), 0.12 * unit)
    seen = relief.skin * sharp + (1 - relief.skin) * soft
    return 1 - np.float32(light.shadow) * (1 - seen)


def _as_row(light: Light) -> np.ndarray:
    return np.array([*light.direction, light.ambient, light.key, light.softness], np.float32)


@njit(cache=True, fastmath=True)
def _shade(normals, seen, skin, new, own, colour, reddening):
    """Return (S, S, 3) light over light in the photo's own, and (S, S) sheen, both linear."""
    height, width = seen.shape
    gain = np.empty((height, width, 3), np.float32)
    sheen = np.empty((height, width), np.float32)
    half = new[:3].copy()
    half[2] += 1
    half /= max(np.sqrt((half * half).sum()), np.float32(1e-3))
    gloss = new[4] * (1 - new[5]) ** 2
    for y in range(height):
        for x in range(width):
            a, b, c = normals[y, x, 0], normals[y, x, 1], normals[y, x, 2]
            was = own[3] + own[4] * max((a * own[0] + b * own[1] + c * own[2] + 1) / 2, 0.0)
            facing = a * new[0] + b * new[1] + c * new[2]
            # Hair scatters light around its strands.
            softer = new[5] + np.float32(0.25) * (1 - skin[y, x]) * (1 - new[5])
            for k in range(3):
                w = softer + reddening[k] * skin[y, x] * (1 - new[5])
                lit = max((facing + w) / (1 + w), np.float32(0))
                gain[y, x, k] = (new[3] + new[4] * colour[k] * lit * seen[y, x]) / was
            mirror = max(a * half[0] + b * half[1] + c * half[2], np.float32(0))
            m4 = mirror * mirror * mirror * mirror
            m12 = m4 * m4 * m4
            broad = np.float32(0.75) * m12 + np.float32(0.25) * m12 * m12 * m12
            front = min(max(facing * 3 + np.float32(0.3), np.float32(0)), np.float32(1))
            of = skin[y, x] + np.float32(0.35) * (1 - skin[y, x])
            sheen[y, x] = gloss * broad * front * seen[y, x] * of
    return gain, sheen


def _follow_edges(
    gain: np.ndarray, pixels: np.ndarray, edge: np.ndarray, unit: float
) -> np.ndarray:
    """Let borders of light follow borders of the picture where the model only guesses them."""
    radius = max(2, round(0.06 * unit))
    guide = pixels.mean(2)
    bent = guided_filter(guide, np.log(np.maximum(gain, 1e-3)), radius, 4e-3)
    weight = edge[..., None]
    return gain * (1 - weight) + np.exp(bent) * weight


def _without_wall(
    matte: np.ndarray, pixels: np.ndarray, skin: np.ndarray, unit: float
) -> np.ndarray:
    """Take from the matte what looks like the background beside it: gaps in hair, mistakes.

    A wall that is lit as if it were the person shows more than a person lit as if a wall.
    """
    size = matte.shape[::-1]
    small = (64, 64)
    behind = matte < 0.05
    known = cv2.resize(behind.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    total = cv2.resize(pixels * behind[..., None], small, interpolation=cv2.INTER_AREA)
    reach = 0.22 * unit * small[0] / size[0]
    near = cv2.GaussianBlur(known, (0, 0), reach)
    wall = cv2.GaussianBlur(total, (0, 0), reach) / np.maximum(near, 1e-3)[..., None]
    wall = cv2.resize(wall, size, interpolation=cv2.INTER_LINEAR)
    near = cv2.resize(near, size, interpolation=cv2.INTER_LINEAR)
    away = cv2.GaussianBlur(pixels, (0, 0), 0.01 * unit) - wall
    alike = np.exp(-(away * away).sum(2) / np.float32(2 * ALIKE**2))
    alike *= np.clip(near / 0.08, 0, 1) * (1 - skin)
    return matte * (1 - cv2.GaussianBlur(alike, (0, 0), 0.012 * unit))


def _with_background(
    gain: np.ndarray, luma: np.ndarray, matte: np.ndarray, light: Light
) -> np.ndarray:
    """Light what is behind the person, and mix both where hair is loose.

    A mixed pixel is opacity · hair + (1 − opacity) · background, and each has its own gain. Dark
    hair before a bright wall therefore goes with the wall, and shows no halo.
    """
    height, width = matte.shape
    place = (
        np.linspace(-1, 1, width, dtype=np.float32),
        np.linspace(1, -1, height, dtype=np.float32),
    )
    slope = 0.3 * (1 - light.softness)
    tilt = light.direction[0] * place[0][None] + light.direction[1] * place[1][:, None]
    behind = np.float32(light.background) * np.exp(np.float32(slope) * tilt)
    colour = 0.5 + 0.5 * np.array(light.colour, np.float32)
    fore, back = _mean_luma(luma, matte > 0.95), _mean_luma(luma, matte < 0.05)
    fore, back = matte * fore, (1 - matte) * back
    share = (fore / np.maximum(fore + back, 1e-6))[..., None]
    return gain * share + behind[..., None] * colour * (1 - share)


def _mean_luma(luma: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return the mean luma of the nearby pixels of one kind, (S, S) float32, at least 0.004."""
    small = (64, 64)
    known = cv2.resize(where.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    total = cv2.resize(luma * where, small, interpolation=cv2.INTER_AREA)
    overall = total.sum() / max(known.sum(), 1e-3)
    near, total = (cv2.GaussianBlur(v, (0, 0), 3.0) for v in (known, total))
    mean = (total + 1e-3 * overall) / (near + 1e-3)
    wide = cv2.resize(mean, luma.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.maximum(wide, 0.004)


def _keep_catchlights(ratio: np.ndarray, pixels: np.ndarray, subject: Subject) -> np.ndarray:
    """Let the small reflections of a light in the eyes stay bright in the dark."""
    points = subject.crop.landmarks[:, :2]
    for iris in IRISES:
        middle = points[iris[0]]
        radius = float(np.linalg.norm(points[list(iris[1:])] - middle, axis=1).mean())
        reach = int(np.ceil(1.5 * radius))
        x, y = (round(float(v)) for v in middle)
        rows = slice(max(y - reach, 0), y + reach + 1)
        columns = slice(max(x - reach, 0), x + reach + 1)
        window = pixels[rows, columns].mean(2)
        if window.size == 0:
            continue
        peak = window - cv2.GaussianBlur(window, (0, 0), 0.6 * radius)
        v, u = np.mgrid[rows, columns][:, : window.shape[0], : window.shape[1]]
        near = np.hypot(u - middle[0], v - middle[1]) < 1.2 * radius
        share = (np.clip((peak - 0.12) / 0.2, 0, 1) * near)[..., None].astype(np.float32)
        part = ratio[rows, columns]
        part += share * (np.maximum(part, -CATCHLIGHT) - part)
    return ratio


def _bend_highlights(ratio: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Bend what would be brighter than white under it; no ratio, no change."""
    was = np.maximum(pixels, 1e-4)
    bent = _shoulder(was * np.exp(np.clip(ratio, LOWEST, HIGHEST))) / _shoulder(was)
    # Values that the photo holds above the knee were bent by its own camera.
    return np.clip(np.log(np.minimum(bent, 1 / was)), LOWEST, HIGHEST).astype(np.float32)


def _shoulder(values: np.ndarray) -> np.ndarray:
    over = np.maximum(values - KNEE, 0) / (1 - KNEE)
    return np.minimum(values, KNEE) + (1 - KNEE) * (1 - np.exp(-over))
