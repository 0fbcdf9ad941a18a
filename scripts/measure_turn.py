"""How far heads turn and how alike people stay, on people that no training saw.

    python scripts/measure_turn.py turned DATA [--people N] [--sheet FILE]
    python scripts/measure_turn.py frontal DATA [--people N] [--sheet FILE]
    python scripts/measure_turn.py identity DATA [--people N]

`turned`: portraits turned to both sides by 10 to 25 degrees, and by 15 and back. By how many
degrees the pose that the mesh reads misses what was asked; the cosine of the identity network,
before and after; what a face that was turned and turned back differs by inside, in levels of 255.
`identity`: why that cosine falls: for the shape alone (the photo's own pixels where the turned
landmarks are), for the pixels alone (the turned ones put back to where the landmarks were), and for
what is beside the face (both faces alone on grey).
`frontal`: portraits that look aside by 15 to 40 degrees, straightened: their yaw and identity after
it. Poses are read in the frame of the photo's own crop. Intervals are of 95%, over people.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from faceedit.compose.compose import compose_steps
from faceedit.compose.turn.detail import TurnedHead
from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.editing.steps import make_edits, moved, step_masks
from faceedit.faces.align import (
    Crop,
    crop_affine,
    extract_crop,
    invert,
    sample_crop,
    transform_landmarks,
)
from faceedit.faces.pose import HeadPose, head_pose
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import FACE_OVAL, N_SURFACE
from faceedit.faces.types import Face
from faceedit.photos import read_photo
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.registry import open_registry
from faceedit.sheets import draw_captioned
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.targets import parse_target
from faceedit.tones import to_bytes
from faceedit.training.recognisers.scores import over_people

ANGLES = (-25, -20, -15, -10, 10, 15, 20, 25)
SHEET = (-25, -15, -8, 0, 8, 15, 25)
ASIDE = (15.0, 40.0)
BACK = 15
"""Degrees by which heads are turned and turned back."""
SIDE = 224
"""Pixels of a sheet's cells."""


class Turner:
    """Turns the largest face of photos, and looks at what came out."""

    def __init__(self) -> None:
        self.networks = EditNetworks(EditSettings(parse_target("turn=yaw=1"), edit_shown=True))
        self.identity = IdentityRecogniser.load(open_registry().checkpoint("identity"))
        self.seconds: list[float] = []

    def turn(self, pixels: np.ndarray, text: str) -> np.ndarray:
        """Return a photo after a turn."""
        target = parse_target(f"turn={text}")
        editor = self.networks.editor(target)
        faces = editor.find(pixels)[:1]
        start = time.perf_counter()
        edited = editor.edit_faces(pixels, faces, target).pixels
        self.seconds.append(time.perf_counter() - start)
        return edited

    def turn_known(
        self, pixels: np.ndarray, landmarks: np.ndarray, text: str
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Turn a face that was found already.

        Returns:
            The photo without and with what is mirrored, and the landmarks after it.
        """
        target = parse_target(f"turn={text}")
        editor = self.networks.editor(target)
        crop = editor.cut(pixels, Face(landmarks.astype(np.float32), 1.0, 1.0))
        ((edit,),) = make_edits(editor.steps, [crop], [target], editor.batching)
        bare = tuple(
            replace(one, layers=one.layers[-1:]) if isinstance(one, TurnedHead) else one
            for one in edit.details
        )
        ((mask,),) = step_masks([crop], [(edit,)])
        made = [
            compose_steps(pixels, [(one, mask)], crop.affine)
            for one in (replace(edit, details=bare), edit)
        ]
        return made, transform_landmarks(moved(crop, (edit,)).landmarks, invert(crop.affine))

    def crop(self, pixels: np.ndarray) -> Crop | None:
        """Return the largest face, None where there is none any more."""
        editor = self.networks.editor(parse_target("turn=yaw=1"))
        faces = editor.find(pixels)
        return extract_crop(pixels, faces[0].landmarks, 256) if faces else None

    def likeness(self, before: Crop, after: Crop) -> float:
        """Return the cosine of two crops."""
        one, other = self.identity.read([before, after], 2)
        return one.cosine(other)


def pose_in(crop: Crop, frame: np.ndarray) -> HeadPose:
    """Return the pose of a crop's face in the frame of another crop of the photo."""
    linear = crop.affine[:, :2] / crop.scale
    turn = frame[:, :2] / np.hypot(frame[0, 0], frame[1, 0]) @ np.linalg.inv(linear)
    there = np.hstack([turn, np.zeros((2, 1))])
    return head_pose(transform_landmarks(crop.landmarks, there))


def turned(turner: Turner, photos: list[SourcePhoto], sheet: Path | None) -> None:
    """Turn heads to both sides, and back."""
    found, back, cells = [], [], []
    for source in photos:
        pixels = read_photo(source.photo.path).pixels
        before = turner.crop(pixels)
        if before is None:
            continue
        start = head_pose(before.landmarks)
        for degrees in ANGLES:
            after = turner.crop(turner.turn(pixels, f"yaw={degrees}"))
            if after is None:
                found.append((source.photo.person, degrees, 45.0, 45.0, 0.0))
                continue
            pose = pose_in(after, before.affine)
            off = abs(pose.yaw - start.yaw - degrees)
            tilt = max(abs(pose.pitch - start.pitch), abs(pose.roll - start.roll))
            found.append((source.photo.person, degrees, off, tilt, turner.likeness(before, after)))
        there = turner.turn(pixels, f"yaw={BACK}")
        again = extract_crop(turner.turn(there, f"yaw={-BACK}"), *_frame(before))
        inside = fill_polygon(before.landmarks[list(FACE_OVAL), :2], (256, 256)) > 0.5
        back.append(
            (source.photo.person, 255 * np.abs(again.pixels - before.pixels)[inside].mean())
        )
    people = np.array([one[0] for one in found])
    values = np.array([one[1:] for one in found], float)
    for size in sorted({abs(degrees) for degrees in ANGLES}):
        chosen = np.abs(values[:, 0]) == size
        parts = [interval(people[chosen], values[chosen, k]) for k in (1, 2, 3)]
        print(f"{size} degrees: yaw off {parts[0]}, pitch or roll {parts[1]}, identity {parts[2]}")
    parts = [interval(people, values[:, k]) for k in (1, 3)]
    print(f"all {len(values)}: yaw off {parts[0]}, identity {parts[1]}")
    off = np.array([one[1] for one in back])
    print(f"turned back: {interval(np.array([one[0] for one in back]), off)} levels of 255")
    if sheet is not None:
        for source in photos[:12]:
            pixels = read_photo(source.photo.path).pixels
            for degrees in SHEET:
                made = turner.turn(pixels, f"yaw={degrees}") if degrees else pixels
                cells.append((cell(made, source.landmarks), f"{degrees:+d}"))
        draw(cells, len(SHEET), sheet)


def frontal(turner: Turner, photos: list[SourcePhoto], sheet: Path | None) -> None:
    """Straighten heads that look aside."""
    found, cells = [], []
    for source in photos:
        pixels = read_photo(source.photo.path).pixels
        before = turner.crop(pixels)
        if before is None:
            continue
        made = turner.turn(pixels, "to=0,level")
        after = turner.crop(made)
        yaw = head_pose(before.landmarks).yaw
        if after is None:
            found.append((source.photo.person, yaw, 45.0, 0.0))
            continue
        left = abs(head_pose(after.landmarks).yaw)
        found.append((source.photo.person, yaw, left, turner.likeness(before, after)))
        if len(cells) < 24:
            for one in (pixels, made):
                cells.append(
                    (cell(one, source.landmarks), f"{source.photo.path.stem[-9:]} {yaw:+.0f}")
                )
    people = np.array([one[0] for one in found])
    values = np.array([one[1:] for one in found], float)
    for low, high in ((ASIDE[0], 25.0), (25.0, ASIDE[1]), ASIDE):
        chosen = (np.abs(values[:, 0]) >= low) & (np.abs(values[:, 0]) < high)
        if chosen.any():
            parts = [interval(people[chosen], values[chosen, k]) for k in (1, 2)]
            print(
                f"{low:g} to {high:g} degrees, {chosen.sum()}: yaw after {parts[0]}, "
                f"identity {parts[1]}"
            )
    if sheet is not None:
        draw(cells, 6, sheet)


def identity(turner: Turner, photos: list[SourcePhoto], _: Path | None) -> None:
    """Say which part of a turn costs likeness."""
    for degrees in (15, 25):
        people, found = [], []
        for at, source in enumerate(photos):
            pixels = read_photo(source.photo.path).pixels
            before = turner.crop(pixels)
            after = turner.crop(turner.turn(pixels, f"yaw={degrees * (1 - 2 * (at % 2))}"))
            if before is None or after is None:
                continue
            people.append(source.photo.person)
            pairs = (
                (before, after),
                (before, with_face(after, before)),
                (before, with_face(before, after)),
                (alone(before), alone(after)),
            )
            found.append([turner.likeness(*pair) for pair in pairs])
        parts = [interval(np.array(people), column) for column in np.array(found).T]
        print(f"{degrees} degrees, {len(people)}: turned {parts[0]}, shape alone {parts[1]}, ")
        print(f"    pixels alone {parts[2]}, face alone {parts[3]}")


def with_face(crop: Crop, other: Crop) -> Crop:
    """Return a crop whose face has another one's pixels, where its own landmarks are."""
    size = (crop.size, crop.size)
    raster = rasterize_mesh(crop.landmarks, size)
    places = raster.interpolate(other.landmarks[:N_SURFACE, :2]).astype(np.float32)
    drawn = cv2.remap(other.pixels, places[..., 0], places[..., 1], cv2.INTER_CUBIC)
    inner = cv2.erode(raster.inside.astype(np.float32), np.ones((5, 5)))
    share = cv2.GaussianBlur(inner, (0, 0), 2)[..., None]
    return replace(crop, pixels=crop.pixels + share * (drawn - crop.pixels))


def alone(crop: Crop) -> Crop:
    """Return a crop with the face on grey."""
    face = fill_polygon(crop.landmarks[list(FACE_OVAL), :2], (crop.size, crop.size))
    share = cv2.GaussianBlur(face, (0, 0), 2)[..., None]
    return replace(crop, pixels=0.5 + share * (crop.pixels - np.float32(0.5)))


def interval(people: np.ndarray, values: np.ndarray) -> str:
    """Return a mean with its interval."""
    mean = over_people(people, lambda weight: np.array([np.average(values, weights=weight)]))
    return "{:.2f} ({:.2f} to {:.2f})".format(*mean[0])


def cell(pixels: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return a head and its surroundings, in the frame of the photo before."""
    affine = crop_affine(landmarks, SIDE)
    middle = (SIDE - 1) / 2
    affine[:, 2] = (affine[:, 2] - middle) * 0.7 + middle
    affine[:, :2] *= 0.7
    return to_bytes(sample_crop(pixels, affine, SIDE))


def draw(cells: list[tuple[np.ndarray, str]], columns: int, path: Path) -> None:
    """Write a sheet."""
    sheet = draw_captioned([one for one, _ in cells], [text for _, text in cells], columns)
    assert isinstance(sheet, Image.Image)
    sheet.save(path)


def _frame(crop: Crop) -> tuple[np.ndarray, int]:
    """Return what cuts the same crop once more: landmarks in the photo, and its side."""
    return transform_landmarks(crop.landmarks, invert(crop.affine)), crop.size


def main() -> None:
    """Load, measure and print."""
    parser = argparse.ArgumentParser(description="Measure turns of heads.")
    parser.add_argument("what", choices=("turned", "frontal", "identity"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args()
    folder = asked.data / "portraits"
    photos = [one for one in list_photos(folder) if one.split == "val"]
    sources, _ = find_sources(photos, folder, None, lambda line: None)
    yaws = np.abs([head_pose(one.landmarks).yaw for one in sources])
    aside = (yaws >= ASIDE[0]) & (yaws < ASIDE[1])
    chosen = aside if asked.what == "frontal" else yaws < ASIDE[0]
    some = [one for one, is_in in zip(sources, chosen, strict=True) if is_in]
    # Spread over the list, which is in the order of the sources.
    places = np.linspace(0, len(some) - 1, min(asked.people, len(some))).round().astype(int)
    turner = Turner()
    {"turned": turned, "frontal": frontal, "identity": identity}[asked.what](
        turner, [some[at] for at in places], asked.sheet
    )
    print(f"{np.median(turner.seconds):.2f} s a face, the search left out")


if __name__ == "__main__":
    main()
