"""The inside of a smiling mouth: where its texture lies on a face, and how it is lit."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import EYES, INNER_LIPS, IRISES, OUTER_EYE_CORNERS

TEXTURE_SIZE = (96, 192)
TEXTURE_SPAN = 0.84
"""Width of a texture in eye distances."""
UPPER_LIP = (0.42, 0.12)
"""Place of the upper lip's middle on a texture, in eye distances from its top left corner."""
CHEEKS = ((50, 101, 205, 36), (280, 330, 425, 266))
"""Mesh points of the image-left cheek and of the other."""
BRIGHTEST = -0.02
"""Highest log gain: teeth are never whiter than a texture's."""
LARGEST_SIDE = 1.2
"""Log difference of the cheeks beyond which one of them lies in a hard shadow."""
SIDE_SHARE = 0.8
"""Part of the cheeks' difference that teeth behind the corners of the mouth show."""
_DARKEST = 0.02
"""Darkest colour whose logarithm is taken."""


@dataclass(frozen=True)
class MouthLight:
    """Colours that tell how the mouth is lit, as logs of display values in (0, 1].

    Attributes:
        left: (3,) skin of the image-left cheek.
        right: (3,) skin of the other.
        whites: (3,) the whites of the eyes.
    """

    left: np.ndarray
    right: np.ndarray
    whites: np.ndarray


def measure_light(pixels: np.ndarray, landmarks: np.ndarray) -> MouthLight:
    """Measure a face's light.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        landmarks: (478, 3) in pixels of it.
    """
    grid = pixels.shape[:2]
    radius = max(2, round(0.05 * eye_distance(landmarks)))
    sides = []
    for cheek in CHEEKS:
        area = np.zeros(grid, np.uint8)
        for x, y in np.round(landmarks[list(cheek), :2]).astype(int).tolist():
            cv2.circle(area, (x, y), radius, 1, cv2.FILLED)
        sides.append(_log_colour(pixels[area > 0], 50))
    whites = sum(fill_polygon(landmarks[list(eye)], grid) for eye in EYES) > 0.9
    iris = np.zeros(grid, np.uint8)
    for centre, *rim in IRISES:
        size = np.linalg.norm(landmarks[rim, :2] - landmarks[centre, :2], axis=1).mean()
        place = np.round(landmarks[centre, :2]).astype(int).tolist()
        cv2.circle(iris, place, round(float(size) * 1.1), 1, cv2.FILLED)
    return MouthLight(sides[0], sides[1], _log_colour(pixels[whites & (iris == 0)], 85))


def light_features(light: MouthLight) -> np.ndarray:
    """Return (3 channels, 3) regressors: 1, skin and whites of the eyes."""
    skin = (light.left + light.right) / 2
    return np.column_stack([np.ones(3), skin, light.whites])


def fit_tooth_light(lights: list[MouthLight], teeth: np.ndarray) -> np.ndarray:
    """Measure how teeth follow the light of a face.

    Both sides are measured with error, so the line is the reduced major axis, skin and whites of
    the eyes having equal parts in it.

    Args:
        lights: of N faces that show their teeth.
        teeth: (N, 3) log of tooth colour over a texture's own.

    Returns:
        (3,) weights of `light_features`.
    """
    features = np.stack([light_features(light) for light in lights]).mean(1)
    light, tooth = features[:, 1:].mean(1), teeth.mean(1)
    slope = float(tooth.std() / max(light.std(), 1e-6))
    return np.array([tooth.mean() - slope * light.mean(), slope / 2, slope / 2])


def tooth_light(light: MouthLight, weights: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return the log gain of teeth across the mouth.

    Args:
        light: of the face.
        weights: (3,) of `light_features`.
        across: place from -1 at the image-left corner of the mouth to 1 at the other.

    Returns:
        `across.shape` + (3,) log gain; 0 gives a texture's own brightness.
    """
    base = light_features(light) @ weights
    half = np.clip(light.right - light.left, -LARGEST_SIDE, LARGEST_SIDE) / 2
    side = SIDE_SHARE * weights[1] * half
    gain = base + np.clip(across, -1.0, 1.0)[..., None] * side
    return np.minimum(gain, BRIGHTEST)


def texture_affine(
    axis: np.ndarray, upper_lip: np.ndarray, half_width: float, unit: float, rest: float
) -> np.ndarray:
    """Lay a texture into an open mouth.

    Args:
        axis: (2,) unit vector along the mouth, in the crop.
        upper_lip: (2,) lower edge of the upper lip's middle, in crop pixels.
        half_width: of the opening in crop pixels.
        unit: the eye distance in crop pixels.
        rest: half width of the texture's own opening in eye distances.

    Returns:
        (2, 3) affine map from crop pixels to texture pixels.
    """
    per_unit = TEXTURE_SIZE[1] / TEXTURE_SPAN
    # Teeth keep their size within limits: a mouth that opens little shows fewer of them.
    stretch = np.clip(half_width / (rest * unit), 0.85, 1.15)
    turn = np.array([axis, [-axis[1], axis[0]]]) * (per_unit / (unit * stretch))
    origin = np.array(UPPER_LIP) * per_unit - 0.5
    return np.column_stack([turn, origin - turn @ upper_lip])


def mouth_patch(image: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut an open mouth out in a texture's frame.

    Args:
        image: (H, W, 3) uint8 RGB.
        landmarks: (478, 3) in its pixels.

    Returns:
        (h, w, 3) uint8 pixels and (h, w) float32 coverage of the mouth's inside.
    """
    unit = eye_distance(landmarks)
    eyes = landmarks[list(OUTER_EYE_CORNERS), :2].astype(np.float64)
    axis = (eyes[1] - eyes[0]) / np.linalg.norm(eyes[1] - eyes[0])
    middle = (landmarks[78, :2] + landmarks[308, :2]) / 2
    lip = landmarks[13, :2] + axis * ((middle - landmarks[13, :2]) @ axis)
    affine = texture_affine(axis, lip, unit, unit, 1.0)
    finer = unit * TEXTURE_SPAN / TEXTURE_SIZE[1]
    if finer > 1:
        image = cv2.GaussianBlur(image, (0, 0), 0.4 * finer)
    size = TEXTURE_SIZE[::-1]
    patch = cv2.warpAffine(
        image, affine, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    ring = landmarks[list(INNER_LIPS), :2] @ affine[:, :2].T + affine[:, 2]
    return patch, fill_polygon(ring, TEXTURE_SIZE)


def eye_distance(landmarks: np.ndarray) -> float:
    """Return the distance of the outer eye corners."""
    left, right = landmarks[list(OUTER_EYE_CORNERS), :2].astype(np.float64)
    return float(np.linalg.norm(right - left))


def _log_colour(pixels: np.ndarray, percentile: float) -> np.ndarray:
    """Return the log colour of the pixels at a percentile of brightness; mid grey of none."""
    if len(pixels) < 4:
        return np.full(3, np.log(0.5))
    level = np.percentile(pixels.mean(-1), percentile)
    near = pixels[np.abs(pixels.mean(-1) - level) < 0.04]
    return np.log(np.maximum((near if len(near) else pixels).mean(0), _DARKEST))
