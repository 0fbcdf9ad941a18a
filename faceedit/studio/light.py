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

import numpy as np

from faceedit.compose.light.left_over import fit_harmonics
from faceedit.compose.light.ratio import light_ratio
from faceedit.compose.light.relief import Relief
from faceedit.compose.light.shading import own_light
from faceedit.compose.light.skin import bare_skin
from faceedit.lights import GAMMA, LUMA, Light
from faceedit.studio.relief import FACING, build_relief
from faceedit.studio.subject import Pose, Subject

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

    @property
    def redness(self) -> float:
        """How much of skin's own colour its shade shows, 0 in grey photos to 1."""
        return min(1.0, self.saturation / 0.3)

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
    measured = (
        bare_skin(subject.crop.landmarks, subject.crop.size)
        & pose.drawing.skin
        & (normals[..., 2] > 10 * FACING)
    )
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
    fitted, certainty = fit_harmonics(n, luma / level)
    harmonics = fitted[1:] / max(fitted[0], 0.1) * TRUST * min(1.0, certainty / SURE)
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
    return np.float32(amount) * light_ratio(
        relief,
        pixels,
        subject.crop.landmarks,
        own_light(relief, estimate.light),
        light,
        estimate.redness,
    )
