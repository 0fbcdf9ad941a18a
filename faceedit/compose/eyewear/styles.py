"""What spectacles look like: outlines of lenses, and frames by kind."""

from dataclasses import dataclass, replace

import numpy as np

RGB = tuple[float, float, float]

SHAPES: dict[str, tuple[tuple[float, float], ...]] = {
    "round": tuple(
        (float(np.cos(turn)), float(np.sin(turn))) for turn in np.arange(12) * (np.pi / 6)
    ),
    "panto": (
        (-0.62, -0.93), (0.0, -1.0), (0.62, -0.94), (0.94, -0.6), (1.0, -0.12), (0.87, 0.42),
        (0.52, 0.84), (0.0, 1.0), (-0.5, 0.88), (-0.86, 0.48), (-1.0, -0.05), (-0.94, -0.56),
    ),
    "square": (
        (-0.8, -0.87), (-0.3, -0.96), (0.3, -1.0), (0.8, -1.0), (0.98, -0.78), (1.0, -0.25),
        (0.92, 0.35), (0.72, 0.82), (0.3, 0.98), (-0.2, 1.0), (-0.62, 0.86), (-0.88, 0.4),
        (-0.99, -0.2), (-0.96, -0.65),
    ),
    "rectangle": (
        (-0.88, -0.86), (-0.4, -0.97), (0.4, -1.0), (0.88, -0.93), (1.0, -0.5), (0.98, 0.2),
        (0.87, 0.82), (0.4, 0.99), (-0.3, 1.0), (-0.8, 0.84), (-0.97, 0.3), (-1.0, -0.35),
    ),
    "aviator": (
        (-0.85, -0.8), (-0.3, -0.96), (0.4, -1.0), (0.88, -0.85), (1.0, -0.35), (0.92, 0.2),
        (0.65, 0.72), (0.2, 0.98), (-0.25, 0.98), (-0.65, 0.65), (-0.9, 0.1), (-0.98, -0.4),
    ),
    "cat_eye": (
        (-0.8, -0.74), (-0.2, -0.87), (0.4, -0.98), (0.9, -1.1), (1.06, -0.86), (0.98, -0.2),
        (0.8, 0.4), (0.4, 0.88), (-0.1, 1.0), (-0.6, 0.82), (-0.9, 0.3), (-0.97, -0.3),
    ),
}  # fmt: skip
"""Outlines of lenses: points from -1 at the nose to 1 outside, and -1 above to 1 below."""


@dataclass(frozen=True)
class Style:
    """What a pair of spectacles looks like.

    Attributes:
        half: half width and half height of a lens.
        shape: its outline, of `SHAPES`.
        rim: half the width of the rim; 0 for none.
        upper: the lower half has no rim.
        flat: cut from a sheet, broader above than below; otherwise drawn as a wire.
        side: half the height of the temples.
        colour: of the frame.
        second: what a mottled frame is mixed with; None for one colour.
        gloss: of highlights on it.
        bars: bridges, as their height above the lenses' middle.
        pads: it rests on pads.
        tint: of the lenses, above and below.
        opacity: of the tint, above and below.
    """

    half: tuple[float, float]
    shape: str
    rim: float = 0.012
    upper: bool = False
    flat: bool = False
    side: float = 0.012
    colour: RGB = (0.05, 0.05, 0.05)
    second: RGB | None = None
    gloss: float = 0.5
    bars: tuple[float, ...] = (0.075,)
    pads: bool = True
    tint: tuple[RGB, RGB] = ((0.25, 0.3, 0.3), (0.25, 0.3, 0.3))
    opacity: tuple[float, float] = (0.05, 0.02)


GOLD, SILVER, STEEL = (0.44, 0.335, 0.195), (0.55, 0.55, 0.56), (0.17, 0.17, 0.18)
BLACK, BROWN = (0.03, 0.03, 0.033), (0.11, 0.06, 0.035)
WINE, HORN = (0.19, 0.035, 0.05), (0.36, 0.19, 0.085)
_DARK: tuple[RGB, RGB] = ((0.02, 0.02, 0.025), (0.05, 0.045, 0.045))
_AMBER: tuple[RGB, RGB] = ((0.03, 0.02, 0.016), (0.13, 0.08, 0.05))
_TWO = (0.04, 0.16)
_SHEET = Style((0.275, 0.21), "square", flat=True, pads=False, side=0.028, gloss=0.6)
_WIRE = Style((0.275, 0.21), "round", rim=0.0085, side=0.0105, gloss=0.8)

STYLES: dict[str, tuple[Style, ...]] = {
    "round": (
        replace(_WIRE, half=(0.262, 0.252), shape="round", colour=GOLD),
        replace(_SHEET, half=(0.264, 0.243), shape="panto", rim=0.013, colour=BROWN, second=HORN),
    ),
    "square": (
        replace(_SHEET, half=(0.277, 0.212), shape="square", rim=0.0145, colour=BLACK),
        replace(_WIRE, half=(0.28, 0.2), shape="rectangle", colour=STEEL),
    ),
    "aviator": (
        replace(_WIRE, half=(0.29, 0.25), shape="aviator", colour=GOLD, bars=_TWO),
        replace(_WIRE, half=(0.29, 0.248), shape="aviator", colour=SILVER, bars=_TWO),
    ),
    "cat_eye": (
        replace(_SHEET, half=(0.275, 0.2), shape="cat_eye", rim=0.0145, colour=BLACK),
        replace(_SHEET, half=(0.275, 0.2), shape="cat_eye", rim=0.0135, colour=WINE),
    ),
    "rimless": (Style((0.272, 0.182), "rectangle", rim=0.0, side=0.008, colour=SILVER, gloss=0.8),),
    "half_rim": (
        Style((0.275, 0.185), "rectangle", rim=0.01, upper=True, colour=STEEL, gloss=0.7),
        Style(
            (0.277, 0.196),
            "square",
            rim=0.015,
            upper=True,
            flat=True,
            side=0.026,
            colour=BROWN,
            second=HORN,
        ),
    ),
    "thick": (replace(_SHEET, half=(0.272, 0.21), shape="square", rim=0.02, colour=BLACK),),
    "thin": (Style((0.275, 0.21), "panto", rim=0.006, side=0.008, colour=SILVER, gloss=0.8),),
    "metal": (replace(_WIRE, half=(0.275, 0.205), shape="panto", colour=STEEL),),
    "horn": (
        replace(_SHEET, half=(0.272, 0.215), shape="panto", rim=0.0175, colour=BROWN, second=HORN),
    ),
    "sunglasses": (
        replace(
            _SHEET,
            half=(0.287, 0.225),
            shape="square",
            rim=0.0165,
            colour=BLACK,
            tint=_DARK,
            opacity=(0.93, 0.87),
        ),
        replace(
            _WIRE,
            half=(0.297, 0.256),
            shape="aviator",
            colour=GOLD,
            bars=_TWO,
            tint=_AMBER,
            opacity=(0.95, 0.74),
        ),
    ),
}
"""By `targets.KINDS` of spectacles, some of each."""
USUAL = ("round", "square", "cat_eye", "thick", "metal", "horn")
"""Kinds that are chosen where none is asked for: plain to see, and seen through."""
