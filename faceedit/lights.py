"""The named lights that a photo can be put in.

Twenty conditions, as many as CMU Multi-PIE has and LEGAN edits (section 5 there names Bright,
Ambient, Left Shadow, Right Shadow and Slight Left and Right Shadow; the others are ours).

Sides are the picture's: ``left`` comes from the left of the picture, the person's right.
A name with ``shadow`` says where the shadow lies: ``left_shadow`` is a hard light from the right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from faceedit.errors import UsageError

GAMMA = 2.2
"""Display values are linear ones to the power 1 / GAMMA."""
LUMA = (0.2126, 0.7152, 0.0722)
"""Rec. 709 weights of linear red, green and blue."""

WHITE = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Light:
    """A distant key light and an even ambient light, for an exposure that stays.

    A surface with normal n in view of the key is lit by ambient + key · max(0, (n·l + w)/(1 + w)),
    w the softness; 1 is how the skin of the photo is lit on average. With w = 1 this is a
    spherical harmonic of first order.

    Attributes:
        name: in `LIGHTS`, or of one's own.
        direction: l, unit vector to the light: x to the picture's right, y up, z to the camera.
        ambient: linear, 0 or more.
        key: linear, 0 or more.
        colour: linear RGB of the key, of luma 1.
        softness: w, 0 (a bare bulb) to 1 (all around), also of shadow edges and highlights.
        shadow: how much of the key a cast shadow takes away, 0 to 1.
        background: linear gain of what is behind the person.
    """

    name: str
    direction: tuple[float, float, float]
    ambient: float
    key: float
    colour: tuple[float, float, float] = WHITE
    softness: float = 0.12
    shadow: float = 0.85
    background: float = 1.0

    def __post_init__(self):
        if not np.isclose(np.linalg.norm(self.direction), 1.0, atol=1e-3):
            raise ValueError(f"the direction of light {self.name} is no unit vector")


def _light(
    name: str, direction: Sequence[float], ambient: float, key: float, **rest: float
) -> Light:
    """Make a light with a direction of any length."""
    x, y, z = np.asarray(direction, np.float64) / np.linalg.norm(direction)
    return replace(Light(name, (float(x), float(y), float(z)), ambient, key), **rest)


_HARD = {"softness": 0.08, "shadow": 1.0, "background": 0.32}
_TABLE = (
    _light("ambient", (0.0, 0.5, 0.87), 0.62, 0.12, softness=0.6, shadow=0.0, background=0.72),
    _light("bright", (0.0, 0.20, 0.98), 0.48, 1.10, softness=0.25, shadow=0.7, background=1.15),
    _light("dim", (0.20, 0.40, 0.89), 0.16, 0.16, softness=0.4, shadow=0.6, background=0.24),
    _light("left", (-0.82, 0.25, 0.50), 0.20, 1.35, background=0.55),
    _light("right", (0.82, 0.25, 0.50), 0.20, 1.35, background=0.55),
    _light("slight_left", (-0.55, 0.25, 0.80), 0.42, 0.85, softness=0.3, background=0.80),
    _light("slight_right", (0.55, 0.25, 0.80), 0.42, 0.85, softness=0.3, background=0.80),
    _light("top", (0.0, 0.86, 0.50), 0.22, 1.30, softness=0.2, background=0.55),
    _light("bottom", (0.0, -0.72, 0.69), 0.22, 1.05, softness=0.2, background=0.45),
    _light("top_left", (-0.55, 0.70, 0.46), 0.20, 1.40, background=0.50),
    _light("top_right", (0.55, 0.70, 0.46), 0.20, 1.40, background=0.50),
    _light("quarter_left", (-0.62, 0.45, 0.64), 0.26, 1.15, softness=0.2, background=0.65),
    _light("quarter_right", (0.62, 0.45, 0.64), 0.26, 1.15, softness=0.2, background=0.65),
    _light("rim_left", (-0.95, 0.20, -0.22), 0.24, 2.10, softness=0.05, background=0.28),
    _light("rim_right", (0.95, 0.20, -0.22), 0.24, 2.10, softness=0.05, background=0.28),
    _light("left_shadow", (0.93, 0.15, 0.33), 0.09, 1.45, **_HARD),
    _light("right_shadow", (-0.93, 0.15, 0.33), 0.09, 1.45, **_HARD),
    _light("slight_left_shadow", (0.72, 0.30, 0.62), 0.36, 0.95, softness=0.1, background=0.70),
    _light("slight_right_shadow", (-0.72, 0.30, 0.62), 0.36, 0.95, softness=0.1, background=0.70),
    _light("back", (0.0, 0.62, -0.78), 0.34, 2.20, softness=0.1, shadow=0.0, background=1.35),
)  # fmt: skip
LIGHTS = {light.name: light for light in _TABLE}
"""Each light by its name."""
LIGHT_ORDER = tuple(LIGHTS)
"""Order of every vector of lights, and what the numbers of lights mean."""


FLAT = Light("flat", (0.0, 0.0, 1.0), 1.0, 0.0, shadow=0.0)
"""Even light from all around."""


def _level(name: str, ambient: float, key: float, background: float) -> Light:
    rest = {"softness": 0.5, "shadow": 0.3, "background": background}
    return _light(name, (0.0, 0.3, 0.95), ambient, key, **rest)


LEVELS = {
    light.name: light
    for light in (
        _level("normal", 0.55, 0.45, 1.0),
        _level("weak", 0.17, 0.13, 0.3),
        _level("dark", 0.05, 0.03, 0.08),
    )
}
"""How much light there is, as Oulu-CASIA has it (LSSL, Fig. 2b): of a room, of a screen, of almost
nothing. No network has learned their names, so that they stand beside `LIGHTS`."""


def level_gain(name: str) -> float:
    """Return the linear gain by which a photo is darker in one of `LEVELS` than in normal light.

    >>> round(level_gain("weak"), 3), level_gain("normal")
    (0.3, 1.0)
    """
    light, normal = LEVELS[name], LEVELS["normal"]
    return (light.ambient + light.key) / (normal.ambient + normal.key)


def light_from(azimuth: float, elevation: float, softness: float = 0.3, fill: float = 0.0) -> Light:
    """Return a light as bright as the named ones.

    Args:
        azimuth: degrees to the picture's right of the camera's axis.
        elevation: degrees above it.
        softness: 0 (a bare bulb) to 1 (all around).
        fill: share of even light from all around, 0 to 1.

    >>> light_from(-60, 20).direction[0] < 0 < light_from(-60, 20).direction[1]
    True
    """
    a, e = np.radians([azimuth, elevation])
    x, y, z = np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)
    # From behind only the rim is lit, and that brightly.
    behind = float(np.clip(-3 * z, 0, 1))
    return Light(
        name="own",
        direction=(float(x), float(y), float(z)),
        ambient=(1 - fill) * (0.2 + 0.25 * softness) + fill,
        key=(1 - fill) * (1.35 - 0.4 * softness + 0.75 * behind),
        softness=softness,
        shadow=1.0 - 0.8 * softness,
    )


def angles(light: Light) -> tuple[float, float]:
    """Return azimuth and elevation of a light in whole degrees, see `light_from`."""
    x, y, z = light.direction
    azimuth, elevation = np.degrees([np.arctan2(x, z), np.arcsin(np.clip(y, -1, 1))])
    return float(np.round(azimuth)), float(np.round(elevation))


def temperature_colour(kelvin: float) -> tuple[float, float, float]:
    """Return the linear RGB of a black body beside that of daylight, 6500 K.

    The locus is Krystek's (An algorithm to calculate correlated colour temperature, 1985), 1000 to
    15,000 K.

    >>> [round(one, 3) for one in temperature_colour(6500)]
    [1.0, 1.0, 1.0]
    >>> temperature_colour(3200)[0] > 1 > temperature_colour(3200)[2]
    True
    """
    warm, day = (_locus(one) for one in (kelvin, 6500.0))
    ratio = np.maximum(warm, 1e-3) / day
    r, g, b = (float(one) for one in ratio / (ratio @ np.array(LUMA)))
    return r, g, b


def _locus(kelvin: float) -> np.ndarray:
    t = kelvin
    u = (0.860117757 + 1.54118254e-4 * t + 1.28641212e-7 * t * t) / (
        1 + 8.42420235e-4 * t + 7.08145163e-7 * t * t
    )
    v = (0.317398726 + 4.22806245e-5 * t + 4.20481691e-8 * t * t) / (
        1 - 2.89741816e-5 * t + 1.61456053e-7 * t * t
    )
    x, y = np.array([3 * u, 2 * v]) / (2 * u - 8 * v + 4)
    return _TO_RGB @ np.array([x / y, 1.0, (1 - x - y) / y])


_TO_RGB = np.array(
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
)
"""From CIE XYZ to linear Rec. 709 RGB."""


def coloured(light: Light, colour: Sequence[float]) -> Light:
    """Return the light with its key in another colour, equally bright.

    Args:
        light: any.
        colour: linear RGB, not all 0.

    >>> warm = coloured(LIGHTS["left"], (1.0, 0.8, 0.6))
    >>> warm.colour[0] > warm.colour[2], round(float(np.dot(warm.colour, LUMA)), 6)
    (True, 1.0)
    """
    luma = float(np.dot(colour, LUMA))
    if min(colour) < 0 or luma <= 0:
        raise UsageError(f"{tuple(colour)} is no colour of a light")
    r, g, b = (float(c) / luma for c in colour)
    return replace(light, colour=(r, g, b))
