"""Made-up faces on the mean face's mesh, and tables of what a studio would have made of them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import astuple, fields, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch

from faceedit.compose.mesh_flow import mesh_flow
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import (
    EYES,
    INNER_LIPS,
    IRISES,
    N_SURFACE,
    STILL,
    SUBNASALE,
    mean_shape,
    mirror,
)
from faceedit.methods.fields.generator import CROP_SIZE
from faceedit.methods.fields.recipe import Amplitudes
from faceedit.methods.fields.refinement import RefinementConfig
from faceedit.methods.fields.shape_fit import fit_shape_layer
from faceedit.methods.fields.shape_layer import ShapeLayer
from faceedit.methods.reggan.condition import BLOCKS, SPEC
from faceedit.methods.reggan.fit_layers import motions
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.registry import write_checkpoint
from faceedit.studio.shapes import LEVELS, ShapeTable
from faceedit.studio.unit_shapes import UnitShapes
from faceedit.targets import ACTION_UNITS, EXPRESSIONS
from faceedit.training.pair_table import FIELD_SIZE, PairTable

UNIT = CROP_SIZE / 2.8
MIDDLE = (CROP_SIZE - 1) / 2
COMPONENTS = 3
"""Ways in which `person` differ in shape."""
ABOVE_LIPS = mean_shape()[:, 1] < mean_shape()[SUBNASALE, 1]
"""Points that go as far as a layer says; lips keep their volume."""
AMPLITUDES: dict[str, float] = dict(zip(EXPRESSIONS[1:], astuple(Amplitudes()), strict=True))

Moves = Callable[[np.ndarray], np.ndarray]


def person(seed: int) -> np.ndarray:
    """The (478, 3) shape of somebody in eye distances: longer, deeper, and lopsided."""
    longer, deeper, lopsided = np.random.default_rng(seed).normal(0, [0.05, 0.1, 0.02])
    shape = mean_shape() * np.array([1.0, 1 + longer, 1 + deeper])
    shape[:, 0] += lopsided * shape[:, 1]
    return shape


def height(shape: np.ndarray) -> float:
    """How long a face is beyond the mean."""
    mean = mean_shape()
    return float(shape[152, 1] - shape[10, 1] - mean[152, 1] + mean[10, 1])


def lean(shape: np.ndarray) -> float:
    """How far to the right a chin is: the opposite in a mirror."""
    return float(shape[152, 0] - shape[10, 0])


def jaws(shape: np.ndarray) -> np.ndarray:
    """The (20, 2) marks of the jaws in eye distances."""
    marks = [[x, y] for y in (0.6, 0.68, 0.7, 0.78) for x in np.linspace(-0.2, 0.2, 5)]
    return np.array(marks) * [1, 1 + 0.3 * height(shape)] + [0.4 * lean(shape), 0]


@cache
def smile() -> np.ndarray:
    """The (498, 2) displacement of a smile that shows teeth, in eye distances."""
    points = _bump(61, (-0.06, -0.08)) + _bump(291, (0.06, -0.08)) + _opening(0.12)
    dropped = np.zeros((20, 2))
    dropped[10:, 1] = 0.1
    return np.concatenate([points, dropped])


@cache
def smirk() -> np.ndarray:
    """The (498, 2) displacement of a smile on one side."""
    return np.concatenate([_bump(291, (0.05, -0.08)), np.zeros((20, 2))])


def moves(shape: np.ndarray) -> np.ndarray:
    """What `BLOCKS` do to a face, (9, 498, 2) in eye distances: linear in its shape.

    Long faces smile more, and lips go to where the chin is.
    """
    aside = np.concatenate([_near(0, 0.2) * [1.0, 0.0], np.zeros((20, 2))])
    more = (1 + 2 * height(shape)) * smile() + 0.5 * lean(shape) * aside
    sizes = np.array([-0.1, -0.2, 1.0, -0.3, -0.2, 0.8, 0.4, 0.5, 0.2])
    result = sizes[:, None, None] * more
    result[BLOCKS.index("contemptuous")] += smirk()
    return result


def _bump(centre: int, by: tuple[float, float]) -> np.ndarray:
    return _still(_near(centre, 0.2) * np.array(by))


def _opening(gap: float) -> np.ndarray:
    below = mean_shape()[:, 1:2] > (mean_shape()[13, 1] + mean_shape()[14, 1]) / 2
    return _still(_near(14, 0.25) * below * np.array([0.0, gap]))


def _near(centre: int, reach: float) -> np.ndarray:
    away = np.linalg.norm(mean_shape()[:, :2] - mean_shape()[centre, :2], axis=1) / reach
    return np.exp(-(away[:, None] ** 2))


def _still(move: np.ndarray) -> np.ndarray:
    move[list(STILL)] = 0.0
    for iris in IRISES:
        move[list(iris)] = 0.0
    return move


def place(
    shape: np.ndarray,
    unit: float = UNIT,
    roll: float = 0.0,
    centre: tuple[float, float] = (MIDDLE, 95.0),
) -> np.ndarray:
    """A shape in eye distances as (478, 3) landmarks in crop pixels."""
    cosine, sine = np.cos(roll), np.sin(roll)
    turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    return (unit * shape @ turn + np.array([*centre, 0.0])).astype(np.float32)


def in_a_mirror(points: np.ndarray) -> np.ndarray:
    """(478, C) landmarks of the mirrored crop."""
    seen = points[mirror()].copy()
    seen[:, 0] = 2 * MIDDLE - seen[:, 0]
    return seen


def jaws_in_a_mirror(marks: np.ndarray) -> np.ndarray:
    """(20, 2) marks of the mirrored crop."""
    seen = marks.reshape(4, 5, 2)[:, ::-1].reshape(20, 2).copy()
    seen[:, 0] = 2 * MIDDLE - seen[:, 0]
    return seen


def shade(places: np.ndarray) -> np.ndarray:
    """The log ratio of a smile at places of the mean face: darker cheeks."""
    x, y = np.abs(places[..., 0]) - 0.45, places[..., 1] - 0.45
    return -0.25 * np.exp(-(x * x + y * y) / 0.03)[..., None] * np.array([1.0, 0.8, 0.6])


def draw(
    landmarks: np.ndarray, amount: float = 0.0, seed: int = 0, size: int = CROP_SIZE
) -> np.ndarray:
    """A (size, size, 3) uint8 picture of a face whose skin sticks to the mesh.

    Args:
        landmarks: (478, >= 2) in its pixels.
        amount: of `shade`.
        seed: of the person's skin.
        size: of the picture.
    """
    rng = np.random.default_rng(seed)
    raster = rasterize_mesh(landmarks, (size, size))
    places = raster.interpolate(mean_shape()[:N_SURFACE, :2])
    skin = np.array([190.0, 150.0, 130.0]) * rng.uniform(0.7, 1.1)
    waves = np.sin(places @ rng.uniform(3, 6, (2, 3)) + rng.uniform(0, 6, 3))
    picture = skin * (1 + 0.08 * waves) * np.exp(amount * shade(places))
    picture = np.where(raster.inside[..., None], picture, rng.uniform(60, 120, 3))
    for ring, colour in [(EYES[0], 215.0), (EYES[1], 215.0), (INNER_LIPS, 40.0)]:
        cover = fill_polygon(landmarks[list(ring), :2], (size, size))[..., None]
        picture = picture * (1 - cover) + colour * cover
    for centre, *_ in IRISES:
        at = np.round(landmarks[centre, :2]).astype(int).tolist()
        cv2.circle(picture, at, round(0.05 * UNIT * size / CROP_SIZE), (60, 50, 40), cv2.FILLED)
    return np.rint(np.clip(picture, 0, 255)).astype(np.uint8)


def shape_table(count: int = 12, moved: Moves = moves, noise: float = 0.0) -> ShapeTable:
    """A table of people who move as `moved` says; every fourth is for validation."""
    rng = np.random.default_rng(0)
    rows: dict[str, list] = {f.name: [] for f in fields(ShapeTable)}
    for number in range(count):
        shape = person(number) + noise * rng.normal(0, 1, (478, 3)) * (1, 1, 0.1)
        unit = UNIT * rng.uniform(0.8, 1.1)
        calm, neutral, *others = unit * moved(shape)
        levels = [[calm + a * move / AMPLITUDES[n] for a in LEVELS]
                  for n, move in zip(EXPRESSIONS[1:], others, strict=True)]  # fmt: skip
        made = {
            "landmarks": place(shape, unit),
            "jaws": unit * jaws(shape) + [MIDDLE, 95.0],
            "calm": calm,
            "neutral": neutral,
            "moved": levels,
            "validation": number % 4 == 3,
            "photo": number,
        }
        for name, value in made.items():
            rows[name].append(value)
    kinds = {"validation": bool, "photo": np.int32}
    return ShapeTable(**{k: np.array(v, kinds.get(k, np.float32)) for k, v in rows.items()})


def unit_moves(changes: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """What changes of action units, (2, 17), do to a face: (498, 2) in eye distances.

    12 pulls a corner, 26 drops the jaw, and 6 raises a cheek where 12 pulls, too.
    """
    corners, cheeks = ((291, 61), (280, 50)), ACTION_UNITS.index(6)
    moved = np.zeros((478, 2))
    for side, (corner, cheek) in enumerate(zip(*(corners[0], corners[1]), strict=True)):
        pull, raised = changes[side, [ACTION_UNITS.index(12), cheeks]] / 5
        out = 1 if corner == 291 else -1
        moved += pull * _bump(corner, (0.06 * out, -0.08))
        moved += max(pull, 0) * max(raised, 0) * _bump(cheek, (0.0, -0.05))
    moved += changes[:, ACTION_UNITS.index(26)].mean() / 5 * _opening(0.12)
    moved *= 1 + 2 * height(shape)
    return np.concatenate([moved, np.zeros((20, 2))])


@cache
def unit_shapes(count: int = 12, mixes: int = 24) -> UnitShapes:
    """People who move as `unit_moves` says; every fourth is for validation."""
    rng = np.random.default_rng(1)
    faces, rows = [], []
    for number in range(count):
        shape, unit = person(number), UNIT * rng.uniform(0.8, 1.1)
        faces.append((place(shape, unit), unit * jaws(shape) + [MIDDLE, 95.0]))
        for _ in range(mixes):
            changes = np.zeros((2, 17))
            for name in rng.permutation([6, 12, 26])[: rng.integers(1, 4)]:
                changes[:, ACTION_UNITS.index(name)] = rng.uniform(-5, 5)
            changes *= rng.choice([[[1], [1]], [[1], [0]], [[0], [1]]])
            rows.append((number, changes, unit * unit_moves(changes, shape)))
    landmarks, marks = map(np.array, zip(*faces, strict=True))
    face, changes, moved = map(np.array, zip(*rows, strict=True))
    return UnitShapes(
        landmarks=landmarks.astype(np.float32),
        jaws=marks.astype(np.float32),
        neutral=np.zeros((count, 498, 2), np.float16),
        face=face.astype(np.int32),
        changes=changes.astype(np.float32),
        moved=moved.astype(np.float16),
        validation=np.arange(count) % 4 == 3,
        photo=np.arange(count, dtype=np.int32),
    )


@cache
def pair_table() -> PairTable:
    """Somebody to train on and somebody to validate on, each at strength 1 of every expression."""
    rows = [_pair(number, name) for number in (0, 1) for name in EXPRESSIONS]
    return PairTable(**{k: np.array([row[k] for row in rows]) for k in rows[0]})


def _pair(number: int, name: str) -> dict[str, np.ndarray]:
    shape, at = person(number), EXPRESSIONS.index(name)
    blocks = moves(shape)
    move = blocks[at + 1] + (blocks[0] if at else 0)
    before = place(shape)
    after = before.copy()
    after[:, :2] += (UNIT * move[:478]).astype(np.float32)
    marks = (UNIT * jaws(shape) + [MIDDLE, 95.0]).astype(np.float32)
    scale = FIELD_SIZE / CROP_SIZE
    small, moved = ((p + 0.5) * scale - 0.5 for p in (before, after))
    raster = rasterize_mesh(moved, (FIELD_SIZE, FIELD_SIZE))
    ratio = shade(raster.interpolate(mean_shape()[:N_SURFACE, :2])) * raster.inside[..., None]
    amount = 1.0 if name == "happy" else 0.0
    amplitudes = np.zeros(len(EXPRESSIONS), np.float32)
    amplitudes[at] = AMPLITUDES.get(name, 1.0)
    return {
        "pictures": draw(before, 0.0, number),
        "targets": draw(moved, amount, number, FIELD_SIZE),
        "flow": (mesh_flow(small, moved, raster, UNIT * scale) / scale).astype(np.float16),
        "log_ratio": (amount * ratio).astype(np.float16),
        "trusted": np.full((FIELD_SIZE, FIELD_SIZE), 255, np.uint8),
        "landmarks": np.stack([before, after]),
        "jaws": np.stack([marks, marks + (UNIT * move[478:]).astype(np.float32)]),
        "amplitudes": amplitudes,
        "action_units": np.zeros(17, np.float32),
        "share": np.array(1.0, np.float32),
        "tone": np.array([0.8, 0.75, 0.7] if name == "happy" else [np.nan] * 3, np.float32),
        "eyeglasses": np.array(False),
        "real_target": np.array(False),
        "validation": np.array(number == 1),
        "person": np.array(number + 5, np.int64),
        "unit_changes": np.tile(np.float32(4 * amount) * (np.array(ACTION_UNITS) == 12), (2, 1)),
    }


def taken(table: PairTable, rows: Sequence[int] | np.ndarray, **changes) -> PairTable:
    """Some pairs of a table, with other columns in place of its own."""
    columns = {f.name: getattr(table, f.name) for f in fields(PairTable)}
    some = {k: column[rows] for k, column in columns.items() if column is not None}
    return replace(PairTable(**some), **changes)


def few_pairs() -> PairTable:
    """Both people, neutral, happy and contemptuous."""
    return taken(pair_table(), [0, 1, 7, 8, 9, 15])


def write_table(folder: Path, table: PairTable) -> Path:
    """Write a table as `pair_table.pack_shards` does."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (f.name for f in fields(PairTable) if getattr(table, f.name) is not None):
        np.save(folder / f"{name}.npy", getattr(table, name))
    (folder / "table.json").write_text(json.dumps({"version": 2, "pairs": len(table)}))
    return folder


def tiny_config(in_channels: int = 3, out_channels: int = 3) -> RefinementConfig:
    """A network of little width."""
    return RefinementConfig(
        in_channels=in_channels,
        out_channels=out_channels,
        stem_channels=8,
        widths=(8, 8, 8),
        latent_blocks=1,
        hourglass_channels=4,
        skips=True,
    )


@cache
def _shape_layer() -> ShapeLayer:
    return fit_shape_layer(motions(shape_table(), AMPLITUDES), SPEC, COMPONENTS, 1e-6)


def tiny_generator() -> RegGANGenerator:
    """An untrained generator whose shape layer knows `moves`."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = RegGANGenerator(COMPONENTS, tiny_config(50, 24))
    generator.shape_layer.load_state_dict(_shape_layer().state_dict())
    return generator


def write_weights(path: Path, generator: RegGANGenerator) -> Path:
    """Write a checkpoint of the ``fast`` profile."""
    tensors = generator.state_dict()
    halves = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
    write_checkpoint(
        path,
        {k: v.contiguous() for k, v in halves.items()},
        method="reggan",
        profile="fast",
        architecture=generator.architecture(),
    )
    return path
