"""From what the hourglass of light says of a face to an `Edit`."""

from dataclasses import replace

import cv2
import numpy as np

from faceedit.channels import mean
from faceedit.compose.blur import blur_wide
from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.light.backdrop import light_share, without_wall
from faceedit.compose.light.depth import as_ratio
from faceedit.compose.light.left_over import fit_left_over
from faceedit.compose.light.ratio import light_ratio
from faceedit.compose.light.relief import make_relief
from faceedit.compose.light.skin import SeenSkin
from faceedit.compose.outline import outline_matte
from faceedit.faces.align import BLANK, Crop
from faceedit.faces.topology import eye_distance
from faceedit.lights import (
    FLAT,
    GAMMA,
    LEVELS,
    LIGHTS,
    LUMA,
    WHITE,
    Light,
    coloured,
    light_from,
    temperature_colour,
)
from faceedit.methods.legan.bearable import (
    AROUND,
    bounded,
    dulled,
    exposure,
    old_relief,
    rolled_off,
    smeared,
    stays_white,
    too_bright,
)
from faceedit.methods.legan.direction import likeness, turned_at_least
from faceedit.methods.legan.light_network import HEIGHT_UNIT, SIZE, Surface
from faceedit.ramps import smoothstep
from faceedit.targets import LightChange
from faceedit.targets.light import OWN

CORNERS_CM = 9.7
"""Distance of the outer eye corners of the mean face model in the table of reliefs."""
SHADED = (-1.1, 0.6)
"""Log ratios to even light beyond which nothing is taken back: in black there is no face."""
SOFTEST, DEEPEST, FILL = 0.18, 0.5, 0.04
"""Least softness of a named light, shares of its shadows that fall and of its key that fills."""
BELOW = (0.6, 0.7)
"""What light from straight below is softer, and the share of its shadows that is left out."""
BEHIND = 0.7
"""Least fill of lights from behind."""
FRONT = 0.3
"""Share of the direction towards the camera from which a light of one's own keeps the exposure."""
BLACK = (0.02, 0.1)
"""Brightness around a pixel below which there is but noise to light, and from which all is lit."""
COLOURS = 0.5
"""Share of the colours of a photo's lights on skin that is taken back."""
OWN_FILL = 1.0
"""Of the photo's own light, what stays as the fill of a light from straight behind."""
INSIDE = 0.7
"""Opacity of the person from which a pixel's light is the person's alone."""
OUTWARDS, DARKENED = np.float32(1.3), 0.3
"""Log odds by which mixed pixels are more of the person where it is darkened, and the log ratio
from which that is so in full."""
WIDEST, FAINT = 7.0, 0.04
"""By what factor odds of being the person rise at most, and opacities that are none."""
EDGE = 2.5
"""Pixels from what is surely the person over which the matte errs."""
REACH = 6.0
"""Pixels over which light goes on beyond the outline, where the matte then ends it."""

FADE = {"top": 0.06, "bottom": 0.3, "sides": 0.1}
"""Shares of a wide crop's side over which light fades out towards its edges: people go on there."""


def as_light(change: LightChange) -> Light:
    """Return the light that a target asks for.

    >>> from faceedit.targets import parse_target
    >>> as_light(parse_target("light=az=-90,el=0").terms[0]).direction[0]
    -1.0
    """
    if change.light == "flat":
        return FLAT
    if change.light != OWN:
        return (LIGHTS | LEVELS)[change.light]
    light = light_from(change.azimuth, change.elevation, change.softness, change.fill)
    return coloured(light, _colour(change.colour))


def _softened(light: Light) -> Light:
    """Return a named light as photos take it: where hard shadows fall tells what is guessed.

    Lights from below throw shadows of cheeks on eyes, most of which are mistakes. A face lit from
    behind would be black before a background that stays.
    """
    below = max(0.0, -light.direction[1])
    fill = light.ambient + FILL * light.key
    return replace(
        light,
        softness=max(light.softness, SOFTEST + BELOW[0] * below),
        shadow=light.shadow * DEEPEST * (1 - BELOW[1] * below),
        ambient=fill if light.direction[2] > 0 else max(fill, BEHIND),
    )


def relight(crop: Crop, surface: Surface, light: Light, strength: float) -> Edit:
    """Return the edit that puts a person into a light.

    Args:
        crop: wide, of `SIZE`.
        surface: (., 256, 256) each, of this crop.
        light: wanted.
        strength: share of the way.
    """
    if light.name in LIGHTS:
        light = _softened(light)
    normals, height, skin, matte, shading = surface_planes(crop, surface)
    seen = SeenSkin.of(crop.pixels, crop.landmarks, skin)
    skin = seen.skin
    shading += seen.shade(shading)[..., None]
    unit = eye_distance(crop.landmarks)
    relief = make_relief(normals, height, skin, crop.pixels, matte, (unit, unit / CORNERS_CM))
    own = np.exp(GAMMA * np.clip(np.dstack([mean(shading)] * 3), *SHADED))
    fill = np.float32(OWN_FILL * np.sqrt(max(0.0, -light.direction[2])))
    ratio = light_ratio(
        relief,
        crop.pixels,
        crop.landmarks,
        own ** (1 - fill),
        light,
        redness=0.0,
        backdrop=False,
    )
    if light.colour == WHITE:  # what is lit keeps its colours, which come with its brightness
        ratio[:] = mean(ratio)[..., None]
    bare = seen.sure
    wanted = ratio[bare]
    if light.name == OWN:
        front = np.clip(np.float32(light.direction[2] / FRONT), 0, 1)
        ratio -= front * exposure(ratio[bare], crop.pixels[bare])
    around = cv2.GaussianBlur(mean(crop.pixels), (0, 0), AROUND * unit)
    visible = np.clip((around - BLACK[0]) / np.float32(BLACK[1] - BLACK[0]), 0, 1)[..., None]
    ratio = np.minimum(ratio, ratio * visible)
    ratio -= np.minimum(ratio, 0) * stays_white(crop.pixels, skin, unit)[..., None]
    ratio -= too_bright(ratio[bare], crop.pixels[bare])
    ratio += rolled_off(ratio, crop.pixels, unit)[..., None]
    ratio += bounded(mean(ratio), light)[..., None]
    if light.name in LIGHTS:
        lit = crop.pixels * np.exp(ratio)
        ratio += visible * (matte * turned_at_least(light, lit, bare, normals))[..., None]
        ratio += visible * dulled(wanted, ratio[bare], crop.pixels[bare])
    ratio -= old_relief(crop.pixels, mean(ratio), skin, unit)[..., None]
    if light.direction[2] > 0:  # rims are to outshine all
        ratio -= (skin * smeared(crop.pixels, mean(ratio), bare, unit))[..., None]
    taken = np.float32(COLOURS) * (1 - fill)
    deeper = visible * seen.deepened(mean(ratio), matte) - taken * seen.colours(shading)
    ratio += as_ratio(deeper, crop.pixels * np.exp(ratio))
    if light != FLAT:
        kept = 0 if light.name == OWN else exposure(ratio[bare], crop.pixels[bare])
        ratio -= likeness(light, own[bare], normals[bare]) * (ratio - kept)
    ratio = _beyond_outline(ratio, matte)
    drawn = drawn_matte(crop.pixels, matte, mean(ratio))
    ratio *= np.float32(strength) * reach(crop.size)
    nothing = np.zeros((2, 2, 3), np.float32)
    return Edit(
        nothing[..., :2],
        ratio,
        nothing[..., 0],
        RasterPaint(nothing, SIZE),
        SIZE,
        region="person",
        matte=drawn,
        wide=True,
    )


def surface_planes(crop: Crop, surface: Surface) -> tuple[np.ndarray, ...]:
    """Return normals (S, S, 3), height in cm, skin and matte (S, S), shading (S, S, 3), float32.

    Args:
        crop: wide, of `SIZE`.
        surface: (., 256, 256) each, what the network says of it.
    """
    normals, height, skin, matte, shading = (
        np.ascontiguousarray(part.permute(1, 2, 0).float().cpu().numpy()) for part in surface
    )
    skin, matte = (1 / (1 + np.exp(-part[..., 0])) for part in (skin, matte))
    valid = (crop.pixels[..., 0] != BLANK).astype(np.float32)
    unit = eye_distance(crop.landmarks)
    outline = outline_matte(matte, crop.pixels, valid, unit)
    matte = without_wall(outline, matte, crop.pixels, skin, unit)
    left_over = fit_left_over(crop.pixels, crop.landmarks, normals, skin, shading)
    shading = shading + left_over.on(normals, skin)
    return normals, height[..., 0] * np.float32(HEIGHT_UNIT), skin, matte, shading


def reach(size: int) -> np.ndarray:
    """Return how much of a light falls where in a wide crop, (size, size, 1) float32."""
    near = np.arange(size, dtype=np.float32) / np.float32(size - 1)
    across = np.minimum(near, near[::-1]) / np.float32(FADE["sides"])
    down = np.minimum(near / np.float32(FADE["top"]), near[::-1] / np.float32(FADE["bottom"]))
    rise = np.clip(down, 0, 1)[:, None] * np.clip(across, 0, 1)
    return smoothstep(rise)[..., None]


def drawn_matte(pixels: np.ndarray, matte: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Return the matte by which light is drawn, (S, S) float32.

    A line of old light along a person who is darkened is seen as a halo, and so is a line of the
    wall that is lit with a person who is brightened: the matte errs to the other side.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        matte: (S, S) float32 opacity of the person.
        ratio: (S, S) float32 log ratio, how it will be lit.
    """
    luma = cv2.transform(cv2.pow(pixels, GAMMA), np.array([LUMA], np.float32))
    share = light_share(matte, luma)
    darker = np.clip(-ratio / np.float32(DARKENED), 0, 1)
    odds = share / np.maximum(1 - share, np.float32(1e-4)) * np.exp(OUTWARDS * darker)
    most = matte / np.maximum(1 - matte, np.float32(1e-4)) * np.float32(WIDEST)
    odds = np.minimum(odds, most)
    wider = odds / (1 + odds) * np.clip(matte / np.float32(FAINT) - 1, 0, 1)
    # Away from what is surely the person a mistake shows on the wall as a smudge.
    near = cv2.GaussianBlur((matte > INSIDE).astype(np.float32), (0, 0), EDGE)
    return matte + np.minimum(2 * near, 1) * (wider - matte)


def _beyond_outline(ratio: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Continue what is known inside the person smoothly to all sides."""
    known = np.clip((matte - INSIDE) / (1 - INSIDE), 0, 1).astype(np.float32)
    weight = blur_wide(known, REACH)
    spread = blur_wide(ratio * known[..., None], REACH)
    spread /= np.maximum(weight, 1e-3)[..., None]
    return known[..., None] * ratio + (1 - known[..., None]) * spread


def _colour(text: str) -> tuple[float, float, float]:
    if text.endswith("K"):
        return temperature_colour(float(text[:-1]))
    r, g, b = ((int(text[i : i + 2], 16) / 255) ** GAMMA for i in (1, 3, 5))
    return max(r, 1e-3), max(g, 1e-3), max(b, 1e-3)
