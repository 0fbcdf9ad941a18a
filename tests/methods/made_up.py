"""Made-up faces that smile in a known way, drawn on the mean face's mesh."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import EYES, INNER_LIPS, IRISES, N_SURFACE, STILL, mean_shape
from faceedit.methods.reggan.generator import OUT_CHANNELS, FieldGenerator
from faceedit.methods.reggan.material import AlignedFace, AlignedPair, make_pair
from faceedit.methods.reggan.prior import MODES, ExpressionPrior, Pair, fit_prior
from faceedit.methods.reggan.refinement import RefinementConfig
from faceedit.photos.labelled import LabelledPhoto

WIDE = 320
UNIT = 256 / 2.8
CODES = np.array([-1.2, -0.8, -0.2, 0.1, 0.6, 1.5])


@cache
def smile() -> np.ndarray:
    """The (478, 3) displacement of a smile that shows teeth, in eye distances."""
    return _bump(61, (-0.06, -0.08)) + _bump(291, (0.06, -0.08)) + _opening(0.12)


@cache
def wider() -> np.ndarray:
    """What differs between the smiles of people."""
    return _bump(61, (-0.02, -0.01)) + _bump(291, (0.02, -0.01)) + _opening(0.03)


def _bump(centre: int, by: tuple[float, float]) -> np.ndarray:
    return _still(_near(centre, 0.2) * np.array([*by, 0.0]))


def _opening(gap: float) -> np.ndarray:
    below = mean_shape()[:, 1:2] > (mean_shape()[13, 1] + mean_shape()[14, 1]) / 2
    return _still(_near(14, 0.25) * below * np.array([0.0, gap, 0.0]))


def _near(centre: int, reach: float) -> np.ndarray:
    away = np.linalg.norm(mean_shape()[:, :2] - mean_shape()[centre, :2], axis=1) / reach
    return np.exp(-(away[:, None] ** 2))


def _still(move: np.ndarray) -> np.ndarray:
    move[list(STILL)] = 0.0
    for iris in IRISES:
        move[list(iris)] = 0.0
    return move


def shade(places: np.ndarray) -> np.ndarray:
    """The log ratio that goes with the smile, at places of the mean face: darker cheeks."""
    x, y = np.abs(places[..., 0]) - 0.45, places[..., 1] - 0.45
    return -0.25 * np.exp(-(x * x + y * y) / 0.03)[..., None] * np.array([1.0, 0.8, 0.6])


def place(
    shape: np.ndarray,
    unit: float = UNIT,
    roll: float = 0.0,
    centre: tuple[float, float] = (160, 127),
) -> np.ndarray:
    """A shape in eye distances as (478, 3) landmarks in pixels."""
    cosine, sine = np.cos(roll), np.sin(roll)
    turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    return (unit * shape @ turn + np.array([*centre, 0.0])).astype(np.float32)


def draw(landmarks: np.ndarray, amount: float = 0.0, seed: int = 0, size: int = WIDE) -> np.ndarray:
    """A (size, size, 3) uint8 picture of a face whose skin sticks to the mesh.

    Args:
        landmarks: (478, 3) in its pixels.
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
        cover = fill_polygon(landmarks[list(ring)], (size, size))[..., None]
        picture = picture * (1 - cover) + colour * cover
    for centre, *_ in IRISES:
        at = np.round(landmarks[centre, :2]).astype(int).tolist()
        cv2.circle(picture, at, round(0.05 * UNIT), (60.0, 50.0, 40.0), cv2.FILLED)
    return np.rint(np.clip(picture, 0, 255)).astype(np.uint8)


@cache
def pairs() -> list[Pair]:
    """People of known codes, each in another pose."""
    made = []
    for i, code in enumerate(CODES):
        moved = mean_shape() + smile() + code * wider()
        neutral = place(mean_shape(), UNIT * (0.9 + 0.03 * i), 0.03 * (i - 3))
        expressive = place(moved, centre=(158, 130))
        made.append(Pair(draw(neutral, 0, i), neutral, draw(expressive, 1, i), expressive))
    return made


@cache
def prior() -> ExpressionPrior:
    return fit_prior(pairs(), ridge=0.01)


@cache
def people() -> list[AlignedFace]:
    """Each person of `pairs` twice, neutral and happy, all of them to train on."""
    made = []
    for i, pair in enumerate(pairs()):
        photo = LabelledPhoto(Path(f"{i}.png"), f"person {i}", "neutral", 0, "train")
        made.append(AlignedFace(photo, pair.neutral, pair.neutral_landmarks))
        photo = LabelledPhoto(Path(f"{i}-happy.png"), f"person {i}", "happy", 2, "train")
        made.append(AlignedFace(photo, pair.expressive, pair.expressive_landmarks))
    return made


@cache
def aligned_pairs() -> list[AlignedPair]:
    faces = people()
    return [make_pair(faces[i], faces[i + 1]) for i in range(0, len(faces), 2)]


def tiny_config(in_channels: int, out_channels: int) -> RefinementConfig:
    return RefinementConfig(
        in_channels=in_channels,
        out_channels=out_channels,
        stem_channels=8,
        widths=(8, 8, 8),
        latent_blocks=1,
        hourglass_channels=4,
        skips=True,
    )


def tiny_generator() -> FieldGenerator:
    targets = ("neutral", "happy")
    channels = 3 + 3 + 12 + len(targets) + MODES
    return FieldGenerator(targets, MODES, tiny_config(channels, OUT_CHANNELS))
