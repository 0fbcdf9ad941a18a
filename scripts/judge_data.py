"""The labelled faces that the expression judge learns from, framed, with people kept apart."""

import csv
import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from faceedit.faces.graph import GraphModule
from faceedit.faces.mesh import MARGIN as MESH_MARGIN
from faceedit.faces.mesh import Mesh
from faceedit.faces.topology import (
    BROWS,
    EYES,
    LOWER_INNER_LIP,
    OUTER_LIPS,
    UPPER_INNER_LIP,
)
from faceedit.recognisers.expression import SIZE, frame, frame_affine
from faceedit.registry import open_registry

MARGIN = 12
"""Pixels kept round the framed square, for augmentation to move and turn it."""
SAME_PICTURE = 0.97
"""Correlation from which two small faces count as one picture."""
VALIDATION_SHARE = 0.2
SPLITS_TRIED = 300
WEB_SCALE = 1.35
"""Side of the web pictures over the longer side of their mesh."""
STRENGTH_WEIGHTS = {"": 1.0, "0": 1.0, "1": 0.4, "2": 1.0, "3": 1.0}


@dataclass(frozen=True)
class Faces:
    """Framed faces with their labels.

    Attributes:
        pictures: (N, S + 2 MARGIN, S + 2 MARGIN) uint8 grey.
        labels: (N,) names of expressions.
        people: (N,) names of people; alike pictures share one.
        shapes: (N, 2, P, 2) float32, `shape_points` of the picture and of its mirror image.
        weights: (N,) how much each counts within its expression.
        strengths: (N,) of the expression, 0 to 3; -1 where unknown.
        files: (N,) names.
    """

    pictures: np.ndarray
    labels: np.ndarray
    people: np.ndarray
    shapes: np.ndarray
    weights: np.ndarray
    strengths: np.ndarray
    files: np.ndarray

    def __len__(self) -> int:
        """How many."""
        return len(self.labels)

    def take(self, index: np.ndarray) -> "Faces":
        """Return the faces at `index`, an array of numbers or of truth values."""
        return Faces(*(getattr(self, k)[index] for k in self.__dataclass_fields__))


def join(parts: Sequence[Faces]) -> Faces:
    """Return all faces of several tables."""
    return Faces(
        *(np.concatenate([getattr(p, k) for p in parts]) for k in Faces.__dataclass_fields__)
    )


def shape_points(landmarks: np.ndarray) -> np.ndarray:
    """Return brows, lids and lips of framed landmarks and of their mirror image.

    Args:
        landmarks: (478, 2) in the framing of size 1, that is between 0 and 1.

    Returns:
        (2, P, 2) float32.
    """
    outer = [OUTER_LIPS[(len(OUTER_LIPS) // 2 - i) % len(OUTER_LIPS)] for i in range(20)]
    own = [*EYES[0], *EYES[1], *BROWS[0], *BROWS[1], *OUTER_LIPS]
    swapped = [*EYES[1], *EYES[0], *BROWS[1], *BROWS[0], *outer]
    for lip in (UPPER_INNER_LIP, LOWER_INNER_LIP):
        own += lip
        swapped += lip[::-1]
    return np.stack([landmarks[own], landmarks[swapped] * [-1, 1] + [1, 0]]).astype(np.float32)


def read_web(table: Path, cache: Path) -> Faces:
    """Read the web photos: ``expressions.csv`` with ``expressions.zip`` beside it.

    Args:
        table: the CSV.
        cache: an .npz that keeps the landmarks, which take minutes to find.
    """
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    files = np.array([row["file"] for row in rows])
    if not cache.exists():
        points = np.concatenate(list(_find_landmarks(table.with_suffix(".zip"), files.tolist())))
        np.savez(cache, files=files, points=points)
    with np.load(cache) as kept:
        if not np.array_equal(kept["files"], files):
            raise SystemExit(f"{cache} is of other pictures: remove it")
        points = kept["points"]
    images = (image for _, image in _read_zip(table.with_suffix(".zip"), files.tolist()))
    pictures, shapes = _frame_all(images, points)
    people = np.array([r["identity"] or hashlib.sha1(r["file"].encode()).hexdigest() for r in rows])
    people = _merge_alike(people, pictures)
    labels = np.array([row["expression"] for row in rows])
    # Hundreds of pictures of one person must not be what an expression looks like.
    counts = dict.fromkeys(zip(labels, people, strict=True), 0)
    for key in zip(labels, people, strict=True):
        counts[key] += 1
    weights = [counts[key] ** -0.5 for key in zip(labels, people, strict=True)]
    return Faces(pictures, labels, people, shapes, np.array(weights), np.full(len(rows), -1), files)


def read_portraits(table: Path, split: str) -> Faces:
    """Read labelled portraits: ``portraits.csv`` with ``landmarks.npz`` beside it.

    Args:
        table: the CSV.
        split: "train" or "val".
    """
    with table.open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["split"] == split and r["expression"]]
    with np.load(table.with_name("landmarks.npz")) as kept:
        places = {name: i for i, name in enumerate(kept["files"].tolist())}
        points = kept["points"][[places[row["file"]] for row in rows]]
    folder = table.with_suffix("")
    images = (_decode((folder / row["file"]).read_bytes()) for row in rows)
    pictures, shapes = _frame_all(images, points)
    return Faces(
        pictures,
        np.array([row["expression"] for row in rows]),
        np.array([row["person"] for row in rows]),
        shapes,
        np.array([STRENGTH_WEIGHTS[row["strength"]] for row in rows]),
        np.array([int(row["strength"] or -1) for row in rows]),
        np.array([row["file"] for row in rows]),
    )


def split_people(faces: Faces, seed: int = 0) -> np.ndarray:
    """Choose validation people so that every expression has its share of pictures there.

    Returns:
        (N,) whether a face is for validation.
    """
    names, person = np.unique(faces.people, return_inverse=True)
    kinds, label = np.unique(faces.labels, return_inverse=True)
    # By the same weights as in training: one person's hundred pictures are no share of people.
    table = np.zeros((len(names), len(kinds)))
    np.add.at(table, (person, label), faces.weights)
    generator = np.random.default_rng(seed)
    best, kept = np.inf, np.zeros(len(names), bool)
    for _ in range(SPLITS_TRIED):
        chosen = generator.random(len(names)) < VALIDATION_SHARE
        shares = table[chosen].sum(0) / table.sum(0)
        worst = np.abs(shares - VALIDATION_SHARE).max()
        if worst < best:
            best, kept = worst, chosen
    return kept[person]


def _decode(data: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit("a picture of the training data cannot be read")
    return image[..., ::-1].copy()


def _read_zip(path: Path, files: list[str]) -> Iterator[tuple[str, np.ndarray]]:
    with zipfile.ZipFile(path) as archive:
        inside = {Path(name).name: name for name in archive.namelist()}
        for name in files:
            yield name, _decode(archive.read(inside[name]))


@torch.inference_mode()
def _find_landmarks(path: Path, files: list[str]) -> Iterator[np.ndarray]:
    """Yield (n, 478, 2) float32 landmarks in pixels of the web pictures."""
    checkpoint = open_registry().checkpoint("attention-mesh")
    mesh = Mesh(GraphModule.from_tensors(checkpoint.tensors, checkpoint.metadata))
    low, high = mesh.network.range
    images = _read_zip(path, files)
    while batch := list(islice(images, 16)):
        side = batch[0][1].shape[0]
        # The pictures show 1.35 times the mesh; the network wants its usual margin.
        grow = MESH_MARGIN / WEB_SCALE
        scale = mesh.size / (side * grow)
        affine = np.array([[scale, 0, 0], [0, scale, 0]])
        affine[:, 2] = (mesh.size - 1) / 2 - scale * (side - 1) / 2
        squares = [
            cv2.warpAffine(image, affine, (mesh.size, mesh.size), borderMode=cv2.BORDER_REPLICATE)
            for _, image in batch
        ]
        x = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float()
        points = mesh.forward(x * ((high - low) / 255) + low)[0][..., :2].numpy()
        yield (points - affine[:, 2]) / scale


def _frame_all(images: Iterator[np.ndarray], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pictures, shapes = [], []
    for image, landmarks in zip(images, points, strict=True):
        pictures.append(np.rint(frame(image, landmarks, SIZE, MARGIN) * 255).astype(np.uint8))
        affine = frame_affine(landmarks, SIZE)
        placed = landmarks[:, :2] @ affine[:, :2].T + affine[:, 2]
        shapes.append(shape_points((placed + 0.5) / SIZE))
    return np.stack(pictures), np.stack(shapes)


def _merge_alike(people: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """Give people who share a picture, whatever they were called, one name."""
    small = np.stack([cv2.resize(p, (24, 24), interpolation=cv2.INTER_AREA) for p in pictures])
    flat = small.reshape(len(small), -1).astype(np.float32)
    flat -= flat.mean(1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6
    parent = {name: name for name in people.tolist()}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for start in range(0, len(flat), 1000):
        near = flat[start : start + 1000] @ flat.T > SAME_PICTURE
        for i, j in zip(*np.nonzero(near), strict=True):
            a, b = root(str(people[start + i])), root(str(people[j]))
            if a != b:
                parent[max(a, b)] = min(a, b)
    return np.array([root(name) for name in people.tolist()])
