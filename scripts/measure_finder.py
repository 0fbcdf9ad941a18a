"""Measure the face finder: composed groups, faces cut by the border, pictures without faces.

    python scripts/measure_finder.py DATA [--groups N] [--singles N] [--seed N] [--misses FOLDER]

DATA holds the protocol's portraits and `landmarks.npz`. Portraits that no training saw are pasted
as people or as cards on plain, gradient and textured backgrounds. A face is found where landmarks
lie within `NEAR` of its own; what is found elsewhere, or twice, is a false one. Of faces that the
border cuts only landmarks inside the picture count. The same seed gives the same pictures.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from finder_scenes import SIZES, Box, Scene, box_of, read_portraits, scenes

from faceedit.faces.align import invert
from faceedit.faces.find.build import build_finder
from faceedit.faces.find.finder import FaceFinder, FindOptions
from faceedit.process import prepare
from faceedit.registry import open_registry

NEAR = 0.2
"""Mean distance of landmarks, in longer sides of the face's box, up to which a face is found.

Meshes of a head that is thrown back differ by 0.1; one that is upside down is off by 0.4."""


@dataclass
class Tally:
    """What was found of what is there, by the name of a row."""

    faces: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    found: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    false: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    megapixels: dict[str, float] = field(default_factory=lambda: defaultdict(float))


def main() -> None:
    """Make pictures, find their faces, print tables."""
    parser = argparse.ArgumentParser(description="Measure the face finder.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--groups", type=int, default=60)
    parser.add_argument("--singles", type=int, default=60, help="pictures of one face, each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--misses", type=Path, help="folder for pictures of what went wrong")
    arguments = parser.parse_args()
    prepare(1)
    finder = build_finder(open_registry(), options=FindOptions())
    portraits = read_portraits(arguments.data)
    tally, sizes = Tally(), Tally()
    for scene in scenes(portraits, arguments.groups, arguments.singles, arguments.seed):
        wrong = look(finder, scene, tally, sizes)
        if wrong and arguments.misses is not None:
            draw_misses(scene, wrong, arguments.misses)
    print_tally("groups, by the face's longer side", sizes)
    print_tally("by kind", tally)


def look(finder: FaceFinder, scene: Scene, tally: Tally, sizes: Tally) -> list[tuple[str, Box]]:
    """Find a scene's faces and count; return what was missed and what was made up."""
    kind = "groups" if scene.name.startswith("group") else scene.name
    start = time.process_time()
    left = [face.landmarks[:, :2] for face in finder.find(scene.pixels)]
    tally.seconds[kind].append(time.process_time() - start)
    tally.megapixels[kind] += scene.pixels.shape[0] * scene.pixels.shape[1] / 1e6
    wrong: list[tuple[str, Box]] = []
    for face, person in zip(scene.faces, scene.people, strict=True):
        box = box_of(face)
        side = float((box[2:] - box[:2]).max())
        row = "{} to {}".format(*_row(side))
        apart = [_distance(face, other, scene.pixels.shape) / side for other in left]
        is_found = min(apart, default=1.0) < NEAR
        if is_found:
            left.pop(int(np.argmin(apart)))
        else:
            wrong.append((f"missed {person} {side:.0f} px", box))
        for counted, name in ((tally, kind), *([(sizes, row)] if kind == "groups" else [])):
            counted.faces[name] += 1
            counted.found[name] += is_found
    tally.false[kind] += len(left)
    wrong += [("false", box_of(face)) for face in left]
    for what, box in wrong:
        height, width = scene.pixels.shape[:2]
        print(json.dumps([scene.name, f"{width}x{height}", what, np.round(box).tolist()]))
    return wrong


def _distance(face: np.ndarray, other: np.ndarray, shape: Sequence[int]) -> float:
    """Return the mean distance of the landmarks that lie inside a picture."""
    inside = ((face >= 0) & (face < shape[1::-1])).all(1)
    return float(np.linalg.norm(face - other, axis=1)[inside].mean())


def _row(side: float) -> tuple[int, int]:
    at = int(np.clip(np.searchsorted(SIZES, side, "right") - 1, 0, len(SIZES) - 2))
    return SIZES[at], SIZES[at + 1]


def draw_misses(scene: Scene, wrong: Sequence[tuple[str, Box]], folder: Path) -> None:
    """Write each missed or false face with what lies about it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (what, box) in enumerate(wrong):
        centre, side = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max())
        scale = 100 / side
        to_picture = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
        to_picture[:, 2] = 128 - centre * scale
        picture = cv2.warpAffine(
            scene.pixels,
            invert(to_picture),
            (256, 256),
            flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP,
        )
        name = f"{scene.name} {number} {what}.png".replace("/", "-")
        cv2.imwrite(str(folder / name), picture[..., ::-1])


def print_tally(title: str, tally: Tally) -> None:
    """Print a table in Markdown."""
    print(f"\n| {title} | faces | found | recall | false | ms a picture | ms a megapixel |")
    print("|---|---|---|---|---|---|---|")
    names = sorted(set(tally.faces) | set(tally.seconds), key=_first_number)
    for name in names:
        faces, found = tally.faces[name], tally.found[name]
        share = f"{found / faces:.4f}" if faces else "-"
        seconds = tally.seconds.get(name, [])
        spent = f"{1000 * np.mean(seconds):.0f}" if seconds else "-"
        each = f"{1000 * sum(seconds) / tally.megapixels[name]:.0f}" if seconds else "-"
        false = tally.false.get(name, 0) if seconds else "-"
        print(f"| {name} | {faces} | {found} | {share} | {false} | {spent} | {each} |")


def _first_number(name: str) -> tuple[int, str]:
    first = name.split()[0]
    return (int(first) if first.isdigit() else 0, name)


if __name__ == "__main__":
    main()
