"""Measure RegGAN on people that it was not trained on, and draw sheets to look at.

    python scripts/measure_reggan.py DATA [--weights FILE] [--sheets FOLDER]

DATA is a table of labelled photos as ``faceedit train`` takes it. For every validation person with
a neutral and a happy photo, the neutral one is edited and compared with the person's own smile.
Sheets are drawn of them, of other validation photos, and of photos made unlike any in training:
grey, flattened like a painting, turned, and five faces in one.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from faceedit.compose.mask import face_mask
from faceedit.datasets.labelled import LabelledPhoto, read_labelled
from faceedit.editing.build import EditSettings, open_editor
from faceedit.editing.editor import FaceEditor
from faceedit.evaluation.pairs import landmark_error, sharpness_ratio
from faceedit.faces.align import crop_affine, extract_crop, invert
from faceedit.faces.types import Face
from faceedit.photos import read_photo
from faceedit.targets import EXPRESSIONS, parse_target
from faceedit.training.sheets import write_sheet

SHEET_SIDE = 320
TERMS = (*EXPRESSIONS, "happy:0.5", "happy:1.5")
"""What sheets show, as `parse_target` takes it."""


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description="Measure RegGAN and draw sheets to look at.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    happy = parse_target(["happy"])
    editor = open_editor(EditSettings(target=happy, weights=arguments.weights, edit_shown=True))
    photos = [p for p in read_labelled(arguments.data) if p.split == "val"]
    measure_pairs(editor, photos)
    measure_all(editor, photos)
    if arguments.sheets:
        arguments.sheets.mkdir(parents=True, exist_ok=True)
        draw_sheets(editor, photos, arguments.sheets)


def measure_pairs(editor: FaceEditor, photos: list[LabelledPhoto]) -> None:
    """Print errors against the same people's real photos, both ways."""
    people: dict[str, dict[str, LabelledPhoto]] = {}
    for photo in photos:
        people.setdefault(photo.person, {})[photo.expression] = photo
    pairs = [p for p in people.values() if {"neutral", "happy"} <= set(p)]
    for source, goal in (("neutral", "happy"), ("happy", "neutral")):
        for strength in (0.7, 1.0, 1.3):
            rows = []
            for pair in pairs:
                pixels, real = (read_photo(pair[k].path).pixels for k in (source, goal))
                before, want = editor.find(pixels), editor.find(real)
                edited = editor.edit_faces(pixels, before, parse_target([f"{goal}:{strength}"]))
                after = editor.find(edited.pixels)
                if not (before and want and after):
                    print("no face:", pair[source].path)
                    continue
                rows.append(
                    (
                        landmark_error(before[0].landmarks, want[0].landmarks),
                        landmark_error(after[0].landmarks, want[0].landmarks),
                        _sharpness(pixels, edited.pixels, before[0]),
                    )
                )
            copied, lips, sharp = np.mean(rows, axis=0)
            print(
                f"{source} to {goal} {strength:g}: {len(rows)} people, lips {lips:.4f} "
                f"(copying {copied:.4f}), sharpness {sharp:.3f}"
            )


def measure_all(editor: FaceEditor, photos: list[LabelledPhoto]) -> None:
    """Print sharpness and changed pixels outside the masks over all photos."""
    sharp, outside, found = [], 0, 0
    for photo in photos:
        pixels = read_photo(photo.path).pixels
        edited = editor.edit_pixels(pixels, parse_target(["happy"]))
        if not edited.faces:
            print("no face:", photo.path)
            continue
        found += 1
        mask = np.zeros(pixels.shape[:2], bool)
        for face in edited.faces:
            mask |= _native_mask(face, (pixels.shape[0], pixels.shape[1])) > 0
        outside += int((edited.pixels != pixels)[~mask].any(-1).sum())
        sharp.append(_sharpness(pixels, edited.pixels, edited.faces[0]))
    low, middle = np.percentile(sharp, [5, 50])
    print(
        f"{found} of {len(photos)} photos; sharpness mean {np.mean(sharp):.3f}, median "
        f"{middle:.3f}, 5th percentile {low:.3f}; pixels changed outside the masks: {outside}"
    )


def draw_sheets(editor: FaceEditor, photos: list[LabelledPhoto], folder: Path) -> None:
    """Draw sheets of real pairs, other photos, and altered photos."""
    pairs = [p for p in photos if p.expression == "neutral" and "London" in p.source]
    _sheet(editor, [read_photo(p.path).pixels for p in pairs], folder / "pairs.png")
    others = [p for p in photos if "London" not in p.source]
    chosen = [others[i] for i in np.linspace(0, len(others) - 1, 24).astype(int)]
    for part in range(3):
        pictures = [read_photo(p.path).pixels for p in chosen[part * 8 : part * 8 + 8]]
        _sheet(editor, pictures, folder / f"portraits-{part}.png")
    glasses = [p for p in others if p.eyeglasses][:8]
    _sheet(editor, [read_photo(p.path).pixels for p in glasses], folder / "glasses.png")
    pictures = [read_photo(p.path).pixels for p in [*pairs[:2], *chosen[:6]]]
    altered = [_grey(pictures[0]), _grey(pictures[3]), _painted(pictures[1]), _painted(pictures[4])]
    altered += [np.rot90(pictures[5]).copy(), _small(pictures[6])]
    _sheet(editor, altered, folder / "altered.png")
    group = _group(pictures[:5])
    edited = editor.edit_pixels(group, parse_target(["happy"]))
    print(f"faces edited in the group of five: {len(edited.edits)}")
    write_sheet(folder / "group.png", [[group], [edited.pixels]])


def _sheet(editor: FaceEditor, pictures: list[np.ndarray], path: Path) -> None:
    rows = []
    for pixels in pictures:
        faces = editor.find(pixels)[:1]
        if not faces:
            continue
        results = [pixels]
        for term in TERMS:
            results.append(editor.edit_faces(pixels, faces, parse_target([term])).pixels)
        rows.append([extract_crop(r, faces[0].landmarks, SHEET_SIDE).pixels for r in results])
    write_sheet(path, rows, ["input", *TERMS])


def _sharpness(before: np.ndarray, after: np.ndarray, face: Face) -> float:
    mask = _native_mask(face, (before.shape[0], before.shape[1]))
    return sharpness_ratio(before, after, mask > 0.5)


def _native_mask(face: Face, size: tuple[int, int]) -> np.ndarray:
    affine = crop_affine(face.landmarks, 256)
    mask = face_mask(_in_crop(face, affine), 256)
    return cv2.warpAffine(mask, invert(affine), size[::-1], flags=cv2.INTER_CUBIC)


def _in_crop(face: Face, affine: np.ndarray) -> np.ndarray:
    points = face.landmarks.copy()
    points[:, :2] = points[:, :2] @ affine[:, :2].T + affine[:, 2]
    return points


def _grey(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def _painted(pixels: np.ndarray) -> np.ndarray:
    flat = pixels
    for _ in range(4):
        flat = cv2.bilateralFilter(flat, 9, 40, 7)
    flat = cv2.medianBlur(flat, 7)
    return np.clip(flat.astype(np.int32) // 20 * 20 + 10, 0, 255).astype(np.uint8)


def _small(pixels: np.ndarray) -> np.ndarray:
    return cv2.resize(pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)


def _group(pictures: list[np.ndarray]) -> np.ndarray:
    height = 500
    scaled = [cv2.resize(p, (round(p.shape[1] * height / p.shape[0]), height)) for p in pictures]
    return np.hstack(scaled)


if __name__ == "__main__":
    main()
