"""Where labelled faces come from: web photos, portraits, and pictures of the studio."""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from faceedit.datasets.labelled import attributes_of, read_table
from faceedit.errors import UsageError
from faceedit.faces.align import Crop, extract_crop
from faceedit.faces.find.build import MESH
from faceedit.faces.find.graph import GraphModule
from faceedit.faces.find.mesh import MARGIN as MESH_MARGIN
from faceedit.faces.find.mesh import Mesh, cut, place, region_of_landmarks
from faceedit.lights import LIGHT_ORDER, LIGHTS
from faceedit.registry import open_registry
from faceedit.studio.expressions import Ask, ExpressionTables
from faceedit.studio.photo import sit
from faceedit.studio.record import AS_PHOTOGRAPHED
from faceedit.studio.rig import Rig
from faceedit.studio.shards import read_shard
from faceedit.studio.sources import strength_of
from faceedit.targets import ATTRIBUTES, EXPRESSIONS
from faceedit.training.recognisers.faces import (
    NO_REGION,
    SIZE,
    UNKNOWN,
    FaceTable,
    make_table,
)
from faceedit.untrusted import read_arrays

WEB_SCALE = 1.35
"""Side of the web pictures over the longer side of their mesh."""
VALIDATION_PEOPLE = Path(__file__).with_name("validation_people.txt")
"""Names of the web photos' people that no training sees, written down for good.

Drawn so that a fifth of every expression's photos is theirs; people who share a picture are on the
same side.
"""
LARGEST_PICTURE = 1 << 26
"""Bytes of a web picture, unpacked."""
OPEN_GAP = 0.02
"""Opening of the lips, in eye distances, from which a mouth counts as slightly open."""
NEUTRAL = EXPRESSIONS.index("neutral")


def read_web(table: Path) -> FaceTable:
    """Read photos of ``expressions.csv`` with ``expressions.zip`` beside it.

    Their landmarks are found here, which takes minutes.
    """
    with read_table(table) as file:
        rows = [row for row in csv.DictReader(file) if row["identity"]]
    files = [row["file"] for row in rows]
    kept = set(VALIDATION_PEOPLE.read_text(encoding="utf-8").splitlines())
    people = [row["identity"] for row in rows]
    crops = list(crop_web(table.with_suffix(".zip"), files))
    faces = make_table(
        [crop.to_bytes() for crop in crops],
        [crop.landmarks for crop in crops],
        files,
        people,
        [person in kept for person in people],
    )
    faces.expression[:] = [EXPRESSIONS.index(row["expression"]) for row in rows]
    faces.strength[faces.expression == 0] = 0
    return faces


def read_portraits(table: Path, rig: Rig | None = None) -> FaceTable:
    """Read ``portraits.csv`` with its folder and ``landmarks.npz`` beside it.

    Args:
        table: the CSV.
        rig: to find the regions of every portrait with, as the studio does, in about 0.2 s each;
            without it they stay unknown.
    """
    with read_table(table) as file:
        rows = list(csv.DictReader(file))
    stored = read_arrays(table.with_name("landmarks.npz"))
    places = {name: i for i, name in enumerate(stored["files"].tolist())}
    points = stored["points"]
    folder = table.with_suffix("")
    crops, regions = [], []
    for row in rows:
        image, landmarks = _decode((folder / row["file"]).read_bytes()), points[places[row["file"]]]
        crops.append(extract_crop(image, landmarks, SIZE))
        if rig is not None:
            regions.append(_regions_of(rig, row, image, landmarks))
    faces = make_table(
        [crop.to_bytes() for crop in crops],
        [crop.landmarks for crop in crops],
        [row["file"] for row in rows],
        [row["person"] for row in rows],
        [row["split"] == "val" for row in rows],
        regions=regions,
    )
    for i, row in enumerate(rows):
        if row["expression"] in EXPRESSIONS:
            faces.expression[i] = EXPRESSIONS.index(row["expression"])
        if row["strength"]:
            faces.strength[i] = float(row["strength"])
        faces.attributes[i] = attributes_of(row)
    return faces


def read_studio(shards: Path, tables: ExpressionTables, photos: FaceTable) -> FaceTable:
    """Read the made side of every pair of a folder of shards of `SIZE` pixels.

    Args:
        shards: folder that ``faceedit studio pairs`` wrote.
        tables: of the studio, say which action units an expression has.
        photos: that the pairs were made of, by file name: their attributes stay. Action units are
            known where people named the photo neutral, or nothing at all: of other photos nobody
            knows what they show beside what was asked for.

    Raises:
        UsageError: a shard is damaged, or its pictures are of another size.
    """
    known = dict(zip(photos.files.tolist(), photos.attributes, strict=True))
    calm = set(photos.files[np.isin(photos.expression, (NEUTRAL, UNKNOWN))].tolist())
    pictures, landmarks, regions, pairs = [], [], [], []
    for shard in sorted(shards.glob("*.tar")):
        for _, pair in read_shard(shard):
            if pair.input.shape[0] != SIZE:
                raise UsageError(f"{shard}: pairs of {pair.input.shape[0]} px, not {SIZE}")
            made = pair.labels.real == "input"
            pictures.append(pair.target if made else pair.input)
            landmarks.append(pair.landmarks_target if made else pair.landmarks_input)
            found = pair.regions_target if made else pair.regions_input
            regions.append(np.where(pair.valid, found, NO_REGION).astype(np.uint8))
            # Only small things are kept of the rest: thousands of pairs do not fit in memory.
            pairs.append((pair.labels, pair.choices, made))
    faces = make_table(
        pictures,
        find_again(pictures, landmarks),
        [labels.file for labels, _, _ in pairs],
        [labels.person for labels, _, _ in pairs],
        [labels.split == "val" for labels, _, _ in pairs],
        regions=regions,
        studio=True,
    )
    opened = ATTRIBUTES.index("mouth_slightly_open")
    for i, (labels, choices, made) in enumerate(pairs):
        ask = labels.ask if made else labels.shown
        if not ask.of_units:
            faces.expression[i], faces.strength[i] = _expression_of(ask)
        if made and not labels.measured and labels.file in calm:
            faces.action_units[i] = tables.units_asked(ask)
        if made and labels.light != AS_PHOTOGRAPHED:
            light = LIGHTS[labels.light]
            faces.light[i] = LIGHT_ORDER.index(labels.light)
            share = light.key / (light.key + 2 * light.ambient)
            faces.light_vector[i] = np.array(light.direction) * share
        if labels.file in known:
            faces.attributes[i] = known[labels.file]
        gap = choices.gap_target if made else choices.gap_input
        faces.attributes[i, opened] = float(gap > OPEN_GAP)
    return faces


def find_again(pictures: Sequence[np.ndarray], landmarks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Find landmarks in made pictures as in photos: what was made is more exact than what is seen.

    Args:
        pictures: (S, S, 3) uint8 RGB each.
        landmarks: (478, 3) each, where they were made.

    Returns:
        (478, 3) float32 each, in the same pixels.
    """
    mesh, found = _load_mesh(), []
    for start in range(0, len(pictures), 16):
        some = slice(start, start + 16)
        regions = [region_of_landmarks(points) for points in landmarks[some]]
        pairs = zip(pictures[some], regions, strict=True)
        answers = mesh.look([cut(picture, region, mesh.size) for picture, region in pairs])
        found += [place(own, at, mesh.size) for (own, _), at in zip(answers, regions, strict=True)]
    return found


def _regions_of(
    rig: Rig, row: dict[str, str], image: np.ndarray, landmarks: np.ndarray
) -> np.ndarray:
    """Return the (SIZE, SIZE) uint8 regions of a portrait, `NO_REGION` beyond the photo."""
    glasses, hat = row["eyeglasses"] in ("1", "2"), row["hat"] == "1"
    sitter = sit(rig.model, rig.seal, image, landmarks, SIZE, eyeglasses=glasses, hat=hat)
    return np.where(sitter.valid, sitter.regions, NO_REGION).astype(np.uint8)


def _expression_of(ask: Ask) -> tuple[int, float]:
    """Return the number of the one expression asked for and its strength; −1 and NaN for blends."""
    if not ask.blend:
        return 0, 0.0
    (name, amplitude), *others = ask.blend
    if others or name not in EXPRESSIONS:
        return -1, float("nan")
    return EXPRESSIONS.index(name), strength_of(amplitude)


def crop_web(archive: Path, files: list[str]) -> Iterator[Crop]:
    """Yield the crops of `SIZE` of files of ``expressions.zip``, whose landmarks are found here."""
    for image, landmarks in zip(read_zip(archive, files), _find(archive, files), strict=True):
        yield extract_crop(image, landmarks, SIZE)


def _decode(data: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise UsageError("a picture of the training data cannot be read")
    return image[..., ::-1].copy()


def read_zip(path: Path, files: list[str]) -> Iterator[np.ndarray]:
    """Yield files of ``expressions.zip``, (H, W, 3) uint8 RGB each."""
    with zipfile.ZipFile(path) as archive:
        inside = {Path(name).name: name for name in archive.namelist()}
        for name in files:
            if archive.getinfo(inside[name]).file_size > LARGEST_PICTURE:
                raise UsageError(f"{path}: {name} is too large for a picture")
            yield _decode(archive.read(inside[name]))


def _load_mesh() -> Mesh:
    checkpoint = open_registry().checkpoint(MESH)
    return Mesh(GraphModule.from_tensors(checkpoint.tensors, checkpoint.metadata))


@torch.inference_mode()
def _find(path: Path, files: list[str]) -> Iterator[np.ndarray]:
    """Yield (478, 3) float32 landmarks in pixels of each web picture."""
    mesh = _load_mesh()
    low, high = mesh.network.range
    images = read_zip(path, files)
    while batch := list(islice(images, 16)):
        side = batch[0].shape[0]
        # The pictures show 1.35 times the mesh; the network wants its usual margin.
        scale = mesh.size / (side * MESH_MARGIN / WEB_SCALE)
        affine = np.array([[scale, 0, 0], [0, scale, 0]])
        affine[:, 2] = (mesh.size - 1) / 2 - scale * (side - 1) / 2
        squares = [
            cv2.warpAffine(image, affine, (mesh.size, mesh.size), borderMode=cv2.BORDER_REPLICATE)
            for image in batch
        ]
        x = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float()
        points = mesh.forward(x * ((high - low) / 255) + low)[0].numpy().copy()
        points[..., :2] -= affine[:, 2]
        yield from points / scale
