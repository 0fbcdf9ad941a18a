"""Portraits of people whom no training saw, into the camera and turned aside, for measuring."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from measure_turn import Turner

from faceedit.faces.pose import head_pose
from faceedit.photos import read_photo
from faceedit.studio.rig import load_rig
from faceedit.studio.sitting import take_sitting
from faceedit.studio.sources import SourcePhoto, list_photos
from faceedit.studio.turn import turn_head
from faceedit.targets import EXPRESSIONS
from faceedit.tones import to_bytes

FRONTAL = 8.0
"""Degrees of yaw below which a head looks into the camera."""
TURNS = (15, 20, 25)
"""Degrees by which portraits are turned, to one side each."""
SIZE = 512
"""Side of the studio's pictures."""


class Seen(NamedTuple):
    """A face before anything is done to it; group 0 looks into the camera."""

    pixels: np.ndarray
    landmarks: np.ndarray
    person: str
    label: str
    group: int
    name: str


Make = Callable[[SourcePhoto, int], Iterator[Seen]]
"""Takes a portrait and a side, 1 or -1."""


def turned_portraits(data: Path, maker: str) -> Iterator[Seen]:
    """Yield portraits and what was made of them.

    Args:
        data: the folder of labelled portraits.
        maker: turns them: ``studio``, or ``lssl`` for `faceedit` itself.
    """
    stored = np.load(data / "landmarks.npz")
    points = dict(zip(stored["files"].tolist(), stored["points"], strict=True))
    sources = [
        SourcePhoto(one, points[one.path.name])
        for one in list_photos(data / "portraits")
        if one.split == "val" and one.expression in EXPRESSIONS and one.strength != 1
    ]
    sources = [one for one in sources if abs(head_pose(one.landmarks).yaw) < FRONTAL]
    make = {"studio": by_studio, "lssl": by_faceedit}[maker](data / "rig")
    for at, source in enumerate(sources):
        yield from make(source, 1 - 2 * (at % 2))


def by_studio(folder: Path) -> Make:
    """Return what turns a portrait by the studio."""
    rig = load_rig(folder)

    def make(source: SourcePhoto, side: int) -> Iterator[Seen]:
        sitter = take_sitting(rig, source, SIZE, wide=True).sitter
        crop, matte = sitter.subject.crop, sitter.matte
        left, top, width, height = cv2.boundingRect(sitter.valid.astype(np.uint8))
        corner = np.array([left, top, 0], np.float32)
        for degrees in (0, *TURNS):
            edit = turn_head(sitter.subject, side * degrees, matte) if degrees else crop
            pixels = to_bytes(edit.pixels[top : top + height, left : left + width])
            yield seen_as(source, degrees, pixels, edit.landmarks - corner)

    return make


def by_faceedit(_: Path) -> Make:
    """Return what turns a portrait by `faceedit`."""
    turner = Turner()

    def make(source: SourcePhoto, side: int) -> Iterator[Seen]:
        pixels, landmarks = read_photo(source.photo.path).pixels, source.landmarks
        yield seen_as(source, 0, pixels, landmarks)
        for degrees in TURNS:
            (_, made), after = turner.turn_known(pixels, landmarks, f"yaw={side * degrees}")
            yield seen_as(source, degrees, made, after)

    return make


def seen_as(source: SourcePhoto, degrees: int, pixels: np.ndarray, points: np.ndarray) -> Seen:
    """Return a portrait as it is turned by so many degrees."""
    photo = source.photo
    return Seen(pixels, points, photo.person, photo.expression, degrees, f"{source.name} {degrees}")
