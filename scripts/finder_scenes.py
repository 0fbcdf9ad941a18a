"""Pictures for `measure_finder`: composed groups, faces that the border cuts, and none at all."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from faceedit.faces.topology import FACE_OVAL

Box = np.ndarray
"""(4,) left, top, right, bottom in pixels."""

SIZES = (48, 64, 96, 144, 210, 300)
"""Longer sides of faces in pixels: the bounds of the table's rows."""
MEGAPIXELS = (1.0, 12.0)
PEOPLE = (6, 30)
TRIES = 80
"""Places that are tried for each person."""
FACELESS = ("brick", "grass", "gravel", "coffee", "rocket", "coins", "moon", "page", "hubble")
FACELESS_SIDES = (800, 1600, 3200)
FACELESS_FILES = {"hubble": "hubble_deep_field"}


@dataclass(frozen=True)
class Portrait:
    """One person.

    Attributes:
        name: of the file.
        pixels: (H, W, 3) uint8 RGB.
        landmarks: (478, 3) in pixels.
    """

    name: str
    pixels: np.ndarray = field(repr=False)
    landmarks: np.ndarray = field(repr=False)

    @property
    def box(self) -> Box:
        """Of the landmarks."""
        return box_of(self.landmarks)

    @property
    def side(self) -> float:
        """The longer side of the box."""
        return float((self.box[2:] - self.box[:2]).max())


@dataclass(frozen=True)
class Scene:
    """A picture and where its faces are.

    Attributes:
        name: says how it was made.
        pixels: (H, W, 3) uint8 RGB.
        faces: landmarks, (478, 2) in pixels, of each.
        people: whose they are.
    """

    name: str
    pixels: np.ndarray = field(repr=False)
    faces: tuple[np.ndarray, ...] = field(default=(), repr=False)
    people: tuple[str, ...] = ()


def box_of(landmarks: np.ndarray) -> Box:
    """Return the box of landmarks."""
    return np.concatenate([landmarks[:, :2].min(0), landmarks[:, :2].max(0)])


def read_portraits(data: Path) -> list[Portrait]:
    """Read the portraits that no training saw, whose faces are not covered."""
    with (data / "portraits.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == "val"]
    known = np.load(data / "landmarks.npz")
    points = dict(zip(known["files"].tolist(), known["points"], strict=True))
    portraits = []
    for row in rows:
        if row["occluded"] != "1":
            pixels = read(data / "portraits" / row["file"])
            portraits.append(Portrait(row["file"], pixels, points[row["file"]]))
    return portraits


def read(path: Path) -> np.ndarray:
    """Read a picture as (H, W, 3) uint8 RGB."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        raise FileNotFoundError(path)
    return np.asarray(pixels)


def scenes(portraits: Sequence[Portrait], groups: int, singles: int, seed: int) -> Iterator[Scene]:
    """Yield pictures of all kinds, each from a seed of its own."""
    for number in range(groups):
        yield compose_group(portraits, np.random.default_rng([seed, 0, number]), number)
    cuts: list[Callable[[Portrait, np.random.Generator], Scene]] = [fill_frame, cut_side]
    for kind, make in enumerate(cuts, 1):
        for number in range(singles):
            rng = np.random.default_rng([seed, kind, number])
            yield make(portraits[int(rng.integers(len(portraits)))], rng)
    for name, side in product(FACELESS, FACELESS_SIDES):
        yield faceless(name, side)
    for number in range(singles):
        rng = np.random.default_rng([seed, 3, number])
        yield scramble(portraits[int(rng.integers(len(portraits)))], rng)


def compose_group(portraits: Sequence[Portrait], rng: np.random.Generator, number: int) -> Scene:
    """Compose a group photo: people of about one size, or of all sizes, at random places.

    A person may cover another's shoulders but no part of a face.
    """
    area = np.exp(rng.uniform(*np.log(MEGAPIXELS))) * 1e6
    across = rng.choice([1.0, 4 / 3, 3 / 2, 16 / 9, 3 / 4])
    height, width = round(np.sqrt(area / across)), round(np.sqrt(area * across))
    canvas = background(rng, height, width)
    middle = np.exp(rng.uniform(np.log(SIZES[0]), np.log(SIZES[-1])))
    is_mixed, is_card = rng.random() < 0.3, rng.random() < 0.3
    faces: list[np.ndarray] = []
    people: list[str] = []
    for chosen in rng.permutation(len(portraits))[: rng.integers(PEOPLE[0], PEOPLE[1] + 1)]:
        portrait = portraits[chosen]
        spread = rng.uniform(np.log(SIZES[0]), np.log(SIZES[-1])) if is_mixed else None
        side = np.exp(spread) if spread is not None else middle * np.exp(rng.uniform(-0.3, 0.3))
        side = float(np.clip(side, SIZES[0], SIZES[-1]))
        face = paste(canvas, portrait, side, faces, rng, is_card)
        if face is not None:
            faces.append(face)
            people.append(portrait.name)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 96))]
    file = cv2.imencode(".jpg", canvas, quality)[1]
    pixels = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))
    return Scene(f"group {number}", pixels, tuple(faces), tuple(people))


def paste(
    canvas: np.ndarray,
    portrait: Portrait,
    side: float,
    taken: Sequence[np.ndarray],
    rng: np.random.Generator,
    is_card: bool,
) -> np.ndarray | None:
    """Paste a person at a free place of the canvas; return the face's landmarks, or None."""
    scale = side / portrait.side
    small = resize(portrait.pixels, scale)
    points = portrait.landmarks[:, :2] * scale
    opacity = np.ones(small.shape[:2], np.float32) if is_card else outline(points, small.shape)
    box = box_of(points)
    free = canvas.shape[1] - (box[2] - box[0]), canvas.shape[0] - (box[3] - box[1])
    if min(free) <= 0:
        return None
    for _ in range(TRIES):
        x, y = round(rng.uniform(0, free[0]) - box[0]), round(rng.uniform(0, free[1]) - box[1])
        top, left = max(0, y), max(0, x)
        bottom = min(canvas.shape[0], y + small.shape[0])
        right = min(canvas.shape[1], x + small.shape[1])
        part = opacity[top - y : bottom - y, left - x : right - x]
        if any(_covers(part, box_of(face), left, top) for face in taken):
            continue
        weight = part[..., None]
        pixels = small[top - y : bottom - y, left - x : right - x]
        under = canvas[top:bottom, left:right]
        canvas[top:bottom, left:right] = np.rint(under + weight * (pixels - under.astype(float)))
        return points + np.array([x, y])
    return None


def _covers(opacity: np.ndarray, face: Box, left: int, top: int) -> bool:
    """Whether something laid down at a place would cover a face or the hair about it."""
    margin = 0.2 * (face[2:] - face[:2])
    low, high = face[:2] - margin * [1, 2], face[2:] + margin * [1, 0.3]
    x0, y0 = np.maximum(np.rint(low - [left, top]), 0).astype(int)
    x1, y1 = np.maximum(np.rint(high - [left, top]), 0).astype(int)
    return bool((opacity[y0:y1, x0:x1] > 0.05).any())


def outline(points: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return the opacity, (H, W) float32, of a head with its hair, and of shoulders below it."""
    oval = points[list(FACE_OVAL)]
    low, high = oval.min(0), oval.max(0)
    (x, y), (w, h) = (low + high) / 2, high - low
    opacity = np.zeros(shape[:2], np.uint8)
    centre, axes = (round(x), round(y - 0.15 * h)), (round(0.85 * w), round(0.85 * h))
    cv2.ellipse(opacity, centre, axes, 0, 0, 360, 255, -1)
    down = shape[0]
    shoulders = [
        (x - 0.5 * w, high[1] - 0.1 * h),
        (x + 0.5 * w, high[1] - 0.1 * h),
        (x + 1.5 * w, high[1] + 0.45 * h),
        (x + 1.7 * w, down),
        (x - 1.7 * w, down),
        (x - 1.5 * w, high[1] + 0.45 * h),
    ]
    cv2.fillPoly(opacity, [np.rint(shoulders).astype(np.int32)], 255)
    soft = cv2.GaussianBlur(opacity, (0, 0), max(0.02 * h, 0.6))
    return soft.astype(np.float32) / 255


def background(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return a plain, shaded or textured picture, (height, width, 3) uint8."""
    kind = rng.integers(3)
    colour = rng.uniform(20, 235, 3)
    canvas = np.empty((height, width, 3), np.float32)
    canvas[:] = colour
    if kind == 1:
        ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        canvas += ramp * (rng.uniform(20, 235, 3) - colour)
    elif kind == 2:
        for cells in (4, 16, 64, 256):
            noise = rng.normal(0, 40 / np.sqrt(cells / 4), (cells, cells, 3)).astype(np.float32)
            canvas += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    canvas += rng.normal(0, 2, (height, width, 1)).astype(np.float32)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def fill_frame(portrait: Portrait, rng: np.random.Generator) -> Scene:
    """A face that fills the picture, its border from a little outside to well inside the face."""
    box, side = portrait.box, portrait.side
    grown = rng.uniform(-0.12, 0.1, 4) * side * [-1, -1, 1, 1]
    return _window("fills the frame", portrait, box + grown, rng)


def cut_side(portrait: Portrait, rng: np.random.Generator) -> Scene:
    """A face of which the picture's border cuts off a tenth to three tenths."""
    height, width = portrait.pixels.shape[:2]
    window = np.array([0.0, 0.0, width, height])
    edge = int(rng.integers(4))
    extent = portrait.box[2 + edge % 2] - portrait.box[edge % 2]
    window[edge] = portrait.box[edge] + (1 if edge < 2 else -1) * rng.uniform(0.1, 0.3) * extent
    name = f"cut {('left', 'top', 'right', 'bottom')[edge]}"
    return _window(name, portrait, window, rng)


def _window(name: str, portrait: Portrait, window: Box, rng: np.random.Generator) -> Scene:
    height, width = portrait.pixels.shape[:2]
    left, top = np.maximum(np.rint(window[:2]), 0).astype(int)
    right, bottom = np.minimum(np.rint(window[2:]), [width, height]).astype(int)
    part = portrait.pixels[top:bottom, left:right]
    scale = np.exp(rng.uniform(np.log(96), np.log(2400))) / max(part.shape[:2])
    points = (portrait.landmarks[:, :2] - [left, top]) * scale
    return Scene(name, resize(part, scale), (points,), (portrait.name,))


def faceless(name: str, side: int) -> Scene:
    """One of scikit-image's pictures without people or animals."""
    suffix = ".jpg" if name in ("rocket", "hubble") else ".png"
    folder = Path(skimage.data.__file__).parent
    path = folder / f"{FACELESS_FILES.get(name, name)}{suffix}"
    pixels = read(path)
    return Scene("no face, photo", resize(pixels, side / max(pixels.shape)))


def scramble(portrait: Portrait, rng: np.random.Generator) -> Scene:
    """A portrait cut into tiles a third to a twelfth of its face's side, in disorder."""
    tile = round(portrait.side / rng.uniform(3, 12))
    rows, columns = (side // tile for side in portrait.pixels.shape[:2])
    part = portrait.pixels[: rows * tile, : columns * tile]
    tiles = part.reshape(rows, tile, columns, tile, 3).swapaxes(1, 2).reshape(-1, tile, tile, 3)
    mixed = tiles[rng.permutation(len(tiles))].reshape(rows, columns, tile, tile, 3)
    pixels = np.ascontiguousarray(mixed.swapaxes(1, 2).reshape(part.shape))
    grown = resize(pixels, float(np.exp(rng.uniform(0, np.log(4)))))
    return Scene("no face, scrambled", grown)


def resize(pixels: np.ndarray, scale: float) -> np.ndarray:
    """Return a picture at another scale."""
    size = tuple(max(1, round(side * scale)) for side in pixels.shape[1::-1])
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, size, interpolation=kind)
