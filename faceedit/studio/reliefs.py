"""People's surfaces and the light on them, for a network that is to see both in a photo."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from faceedit.compose.light.relief import Relief
from faceedit.errors import PhotoError, UsageError
from faceedit.faces.align import BLANK, Crop
from faceedit.lights import GAMMA, LIGHTS, LUMA, Light, coloured
from faceedit.studio.arrays import ArrayTable
from faceedit.studio.cut_out import cut_out
from faceedit.studio.fold_atlas import draw_fold_choice
from faceedit.studio.lit import Look, PhotoLight, expressive_look, own_look
from faceedit.studio.mouth import draw_mouth_choice
from faceedit.studio.photo import Sitter
from faceedit.studio.quality import refuse
from faceedit.studio.rig import Rig
from faceedit.studio.sampling import Menu, draw_expression
from faceedit.studio.sitting import take_sitting
from faceedit.studio.sources import SourcePhoto
from faceedit.studio.wall import wall_matte
from faceedit.targets import EXPRESSIONS
from faceedit.tones import to_bytes

PHOTOS = 100
"""To a file."""
SIZE, FIELD_SIZE = 256, 128
"""Sides of pictures and mattes, and of all other fields."""
CM = 0.1
"""Depth that one step of `ReliefTable.height` stands for."""
SHADING_STEP = 0.016
"""Log ratio that one step of `ReliefTable.shading` stands for."""
EXPRESSIVE = 0.4
"""Share of a photo's pictures that show another expression."""
NAMED = 0.5
"""Share of lights that are one of `LIGHTS`, in its own colour or another."""
COLOURED = 0.3
"""Share of lights in a colour."""
_MENU = Menu(EXPRESSIONS, action_units=False, lights=(), amplitudes=(0.5, 1.3))


@dataclass(frozen=True)
class ReliefTable(ArrayTable):
    """N pictures, each in the light of the photo or another.

    Attributes:
        pictures: (N, 256, 256, 3) uint8 RGB, wide crops.
        matte: (N, 256, 256) uint8 opacity of the person.
        landmarks: (N, 478, 3) float32 pixels of the pictures.
        valid: (N, 128, 128) uint8, 1 on the photo.
        normals: (N, 128, 128, 3) int8, 127 times the unit normals.
        height: (N, 128, 128) int8, tenths of a cm, larger nearer the camera.
        skin: (N, 128, 128) uint8, how far the model knows the surface.
        shading: (N, 128, 128, 3) int8, log ratio of the person as pictured to the person in even
            light, in steps of `SHADING_STEP`; exp(GAMMA · it) is 1 in the mean of the skin.
        light: (N, 11) float32 of `as_row`; NaN for the photo's own.
        harmonics: (N, 3) float32 of the photo's own light, see `LightEstimate`.
        scale: (N,) float32 pixels of the picture per cm.
        validation: (N,) bool.
        photo: (N,) int32, which photo.
        shown: (N,) int32, which of the photo's expressions; 0 its own.
        plain: (N,) bool, the photo has an even wall behind the person, so that its matte is exact.
    """

    kind = "table of reliefs"

    pictures: np.ndarray
    matte: np.ndarray
    landmarks: np.ndarray
    valid: np.ndarray
    normals: np.ndarray
    height: np.ndarray
    skin: np.ndarray
    shading: np.ndarray
    light: np.ndarray
    harmonics: np.ndarray
    scale: np.ndarray
    validation: np.ndarray
    photo: np.ndarray
    shown: np.ndarray
    plain: np.ndarray


WALLS = ("Face Research Lab London Set",)
"""Sources with an even wall behind people, and room about them."""


def as_row(light: Light) -> np.ndarray:
    """Return a light as (11,) float32: direction, ambient, key, softness and so on, colour."""
    numbers = (light.ambient, light.key, light.softness, light.shadow, light.background)
    return np.array([*light.direction, *numbers, *light.colour], np.float32)


def from_row(row: np.ndarray) -> Light:
    """Return the light that `as_row` wrote down."""
    x, y, z, ambient, key, softness, shadow, background, *colour = (float(v) for v in row)
    length = float(np.linalg.norm([x, y, z]))
    direction = (x / length, y / length, z / length)
    r, g, b = colour
    return Light("drawn", direction, ambient, key, (r, g, b), softness, shadow, background)


def make_reliefs(
    rig: Rig,
    sources: Sequence[SourcePhoto],
    out: Path,
    lights: int = 3,
    seed: int = 0,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Picture people in their own light and in others; write a table for every hundred photos.

    Tables that are there are kept, so that work that was stopped goes on.

    Args:
        rig: model, tables, folds and mouths.
        sources: photos; those that no pairs can be made of are left out.
        out: folder of the tables.
        lights: pictures of each photo beside the photo itself.
        seed: of all that is random.
        tell: is told how many photos of how many are done.

    Returns:
        The number of tables.

    Raises:
        UsageError: no photo can be used.
    """
    written = 0
    for start in range(0, len(sources), PHOTOS):
        file = out / f"reliefs-{start // PHOTOS:03d}.npz"
        if not file.exists():
            numbered = list(enumerate(sources))[start : start + PHOTOS]
            table = _table(rig, numbered, lights, seed)
            if table is None:
                continue
            table.save(file)
        written += 1
        tell(min(start + PHOTOS, len(sources)), len(sources))
    if not written:
        raise UsageError("no photo can be used")
    return written


def refine_mattes(
    table: ReliefTable,
    rough: Callable[[Crop], np.ndarray],
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find guessed mattes anew, see `cut_out`.

    Args:
        table: whose exact mattes are kept.
        rough: guesses the (256, 256) float32 matte of a wide crop.
        tell: is told how many photos of how many are done.

    Returns:
        (N, 256, 256) uint8 each: the mattes, and how far they are to be trusted, 255 being in full.
    """
    found, trust = table.matte.copy(), np.full_like(table.matte, 255)
    starts = np.flatnonzero(np.diff(table.photo, prepend=-1))
    for done, rows in enumerate(np.split(np.arange(len(found)), starts[1:]), 1):
        if not table.plain[rows[0]]:
            picture = table.pictures[rows[0]].astype(np.float32) / 255
            landmarks = table.landmarks[rows[0]]
            valid = cv2.resize(table.valid[rows[0]], (SIZE, SIZE), interpolation=cv2.INTER_NEAREST)
            picture[valid == 0] = BLANK
            guess = rough(Crop(picture, landmarks, np.eye(2, 3)))
            matte, sure = cut_out(picture, landmarks, valid > 0, guess)
            found[rows], trust[rows] = to_bytes(matte), to_bytes(sure)
        if done % PHOTOS == 0:
            tell(done, len(starts))
    return found, trust


def _table(
    rig: Rig, numbered: Sequence[tuple[int, SourcePhoto]], lights: int, seed: int
) -> ReliefTable | None:
    rows: dict[str, list] = {f.name: [] for f in fields(ReliefTable)}
    for number, source in numbered:
        rng = np.random.default_rng([seed, number])
        sitter = sit_wide(rig, source)
        if sitter is None:
            continue
        plain = source.photo.source in WALLS
        look = own_look(sitter, wide_matte(sitter, plain))
        for row in _pictures(rig, sitter, look, lights, rng):
            for name, value in row.items():
                rows[name].append(value)
            rows["validation"].append(source.photo.split == "val")
            rows["photo"].append(np.int32(number))
            rows["plain"].append(plain)
    if not rows["photo"]:
        return None
    return ReliefTable(**{name: np.array(values) for name, values in rows.items()})


def sit_wide(rig: Rig, source: SourcePhoto) -> Sitter | None:
    """Fit a photo in a wide crop; None where it is not to be made use of."""
    try:
        sitter = take_sitting(rig, source, SIZE, wide=True).sitter
    except PhotoError:
        return None
    # What lies far around may be cut off.
    middle = sitter.valid[SIZE // 4 : -SIZE // 4, SIZE // 4 : -SIZE // 4]
    return None if refuse(sitter.subject, middle, occluded=source.photo.occluded) else sitter


def wide_matte(sitter: Sitter, plain: bool) -> np.ndarray:
    """Return the person's (S, S) float32 opacity, keyed from an even wall where there is one."""
    if not plain:
        return sitter.matte
    crop = sitter.subject.crop
    return wall_matte(crop.pixels, crop.landmarks, sitter.valid)


def draw_light(rng: np.random.Generator) -> Light:
    """Draw a light from anywhere but behind, hard or soft, white or not."""
    if rng.random() < NAMED:
        light = LIGHTS[list(LIGHTS)[rng.integers(len(LIGHTS))]]
    else:
        azimuth, elevation = rng.uniform(-110, 110), rng.uniform(-45, 75)
        a, e = np.radians([azimuth, elevation])
        direction = (float(np.sin(a) * np.cos(e)), float(np.sin(e)), float(np.cos(a) * np.cos(e)))
        softness = float(rng.uniform(0.05, 0.6))
        key = float(rng.uniform(0.4, 1.6))
        ambient = float(rng.uniform(0.08, 0.5))
        light = Light("drawn", direction, ambient, key, softness=softness, shadow=1 - softness)
    if rng.random() < COLOURED:
        light = coloured(light, np.exp(rng.normal(0, 0.18, 3)).tolist())
    return light


def _pictures(
    rig: Rig, sitter: Sitter, own: Look, lights: int, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Yield the photo in its own light, then in others, some with another expression."""
    relief = own.relief
    photo = PhotoLight.read(sitter, own, relief)
    for number in range(lights + 1):
        look, of, shown = own, relief, 0
        if number and rng.random() < EXPRESSIVE:
            choices = draw_mouth_choice(rng, rig.mouths), draw_fold_choice(rng, rig.folds)
            ask, shown = draw_expression(_MENU, rng), number
            look = expressive_look(rig, sitter, own.matte, ask, choices)
            of = look.relief
        pixels, shading = look.pixels, photo.shading(of)
        light = draw_light(rng) if number else None
        if light is not None:
            ratio = photo.ratio(look, of, light)
            pixels, shading = np.clip(pixels * np.exp(ratio), 0, 1), shading + ratio
        yield {
            "pictures": to_bytes(pixels),
            "matte": to_bytes(look.matte),
            "landmarks": look.landmarks.astype(np.float32),
            "light": np.full(11, np.nan, np.float32) if light is None else as_row(light),
            "harmonics": np.array(photo.estimate.harmonics, np.float32),
            "scale": np.float32(of.scale),
            "shown": np.int32(shown),
            **_fields(of, np.broadcast_to(shading, pixels.shape), sitter.valid),
        }


def _fields(relief: Relief, shading: np.ndarray, valid: np.ndarray) -> dict[str, np.ndarray]:
    """Return the fields of a picture in the table's numbers."""
    sure = (relief.skin > 0.5) & valid
    lit = np.exp(GAMMA * shading[sure]) @ np.array(LUMA, np.float32)
    level = np.log(max(float(lit.mean()), 1e-3)) / GAMMA if len(lit) else 0.0
    normals, height, skin, shading, on_photo = (
        cv2.resize(
            np.ascontiguousarray(one, np.float32), (FIELD_SIZE,) * 2, interpolation=cv2.INTER_AREA
        )
        for one in (relief.normals, relief.height, relief.skin, shading - level, valid)
    )
    return {
        "normals": np.rint(127 * normals).clip(-127, 127).astype(np.int8),
        "height": np.rint(height / CM).clip(-127, 127).astype(np.int8),
        "skin": np.rint(255 * skin).astype(np.uint8),
        "shading": np.rint(shading / SHADING_STEP).clip(-127, 127).astype(np.int8),
        "valid": (on_photo > 0.99).astype(np.uint8),
    }
