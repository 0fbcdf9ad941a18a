"""Measure attributes that ship, on people that no training saw: the table of docs/figures.md.

    python scripts/measure_attribute_edits.py DATA hair=blond eyeglasses=on [--sheet FILE]

DATA holds ``portraits`` and ``portraits.csv``. Each attribute of each person of its validation
split is changed by the command's own path, at the photo's resolution; who has it already is left
alone and does not count. Of those edited: in how many the network of attributes reads it
afterwards, what share of the other readings it was sure of stays, the cosine of the identity
network, the mean change beyond the segments that the attribute is about; then the share of people
in whom nothing was found to change. Intervals are of 95%, over people.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from faceedit.editing.build import EditSettings, open_editor
from faceedit.faces.align import Crop, extract_crop
from faceedit.faces.types import Face
from faceedit.photos import read_photo
from faceedit.recognisers.appearance import AppearanceReading, AppearanceRecogniser
from faceedit.recognisers.identity import Identity, IdentityRecogniser
from faceedit.regions import Region
from faceedit.registry import open_registry
from faceedit.sheets import draw_captioned
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.targets import ATTRIBUTES, AttributeChange, Target, parse_target
from faceedit.training.recognisers.scores import over_people

HAIR = (Region.HAIR, Region.BROWS)
SEGMENTS = {name: HAIR for name in ATTRIBUTES if name.endswith("_hair")} | {
    "red_hair": HAIR, "grey_hair": HAIR,
    "eyeglasses": (Region.EYEGLASSES, Region.EYES, Region.BROWS, Region.NOSE, Region.EARS),
    "young": (Region.SKIN, Region.NOSE, Region.EARS, Region.NECK, Region.LIPS, *HAIR),
    "pale_skin": (Region.SKIN, Region.NOSE, Region.EARS, Region.NECK, Region.LIPS),
    "bushy_eyebrows": (Region.BROWS,),
    "bangs": (Region.SKIN, Region.EYEGLASSES, Region.EYES, *HAIR),
    "bald": (Region.SKIN, Region.EARS, Region.NECK, *HAIR),
    "beard": (Region.SKIN, Region.NOSE, Region.LIPS, Region.MOUTH, Region.NECK, Region.HAIR),
    "mouth_slightly_open": (Region.MOUTH, Region.LIPS, Region.SKIN, Region.NOSE, Region.NECK),
}  # fmt: skip
"""Which segments an attribute is about, before or after; others are about the face's skin."""
FACE = (Region.SKIN, Region.NOSE, Region.LIPS, Region.MOUTH)
MARGIN = 5
"""Pixels of a crop of 256 by which segments are enlarged."""
SIZE = 256


@dataclass(frozen=True)
class Judges:
    """The networks that judge."""

    looks: AppearanceRecogniser
    identity: IdentityRecogniser

    def see(self, pixels: np.ndarray, face: Face) -> tuple[Crop, AppearanceReading, Identity]:
        """Return a face's crop, what it shows, and whose it is."""
        crop = extract_crop(pixels, face.landmarks, SIZE)
        (reading,), (identity,) = self.looks.read([crop]), self.identity.read([crop])
        return crop, reading, identity


def main() -> None:
    """Measure, print a Markdown table, and draw a sheet."""
    parser = argparse.ArgumentParser(description="Measure attributes that ship.")
    parser.add_argument("data", type=Path)
    parser.add_argument("attributes", nargs="+")
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args()
    photos = [p for p in list_photos(asked.data / "portraits") if p.split == "val"]
    sources, _ = find_sources(photos, asked.data / "portraits", None, lambda line: None)
    sources = sources[:: max(1, len(sources) // asked.people)][: asked.people]
    registry = open_registry()
    judges = Judges(
        AppearanceRecogniser.load(registry.checkpoint("appearance")),
        IdentityRecogniser.load(registry.checkpoint("identity")),
    )
    print("| attribute | edited | read | others kept | identity | change outside | nothing found |")
    print("|---|---|---|---|---|---|---|")
    columns = [_measure(sources, parse_target(f"attr={one}"), judges) for one in asked.attributes]
    if asked.sheet:
        cells = [cell for row in zip(*columns, strict=True) for cell in row]
        captions = ["photo" if k % 2 == 0 else one for one in asked.attributes for k in (0, 1)]
        captions *= len(sources)
        draw_captioned(cells, captions, 2 * len(asked.attributes)).save(asked.sheet)


def _measure(sources: Sequence[SourcePhoto], target: Target, judges: Judges) -> list[np.ndarray]:
    """Print an attribute's row; return pictures before and after."""
    editor = open_editor(EditSettings(target))
    (change,) = target.attributes
    rows, people, cells, asked = [], [], [], 0
    for source in sources:
        pixels = read_photo(source.photo.path).pixels
        face = Face(source.landmarks, 1.0, 1.0)
        edited = editor.edit_faces(pixels, [face], target)
        before, read, who = judges.see(pixels, face)
        after, now, then = judges.see(edited.pixels, face)
        cells.append(np.hstack([before.to_bytes(), after.to_bytes()]))
        if not edited.applied[0].changes:
            continue
        asked += 1
        if not (edited.pixels != pixels).any():
            continue
        people.append(source.photo.person)
        rows.append(
            [
                *_readings(change, read, now),
                who.cosine(then),
                _outside(change, before, after, judges),
            ]
        )
    if rows:
        values = np.array(rows, np.float64)
        table = over_people(np.array(people), lambda weights: _means(values, weights))
        said = [f"{v:.3f} ({low:.3f} to {high:.3f})" for v, low, high in table]
        said[3] = f"{255 * table[3, 0]:.2f}/255"
        print(
            f"| {change.text} | {len(rows)} | {' | '.join(said)} | {1 - len(rows) / asked:.2f} |",
            flush=True,
        )
    return [half for cell in cells for half in np.split(cell, 2, axis=1)]


def _readings(
    change: AttributeChange, before: AppearanceReading, after: AppearanceReading
) -> tuple[float, float]:
    """Return whether the change is read, and the share of other sure readings that stay."""
    at = ATTRIBUTES.index(change.attribute) if change.attribute in ATTRIBUTES else None
    read = np.nan if at is None else float((after.attributes[at] >= 0.5) == change.on)
    # Colours of hair exclude each other: of these one may go.
    related = {name for name in ATTRIBUTES if name.endswith("_hair")}
    related = related if change.attribute.endswith("_hair") else {change.attribute}
    kept = [
        (before.attributes[k] >= 0.5) == (after.attributes[k] >= 0.5)
        for k, name in enumerate(ATTRIBUTES)
        if name not in related and before.there[name] is not None
    ]
    return read, float(np.mean(kept))


def _outside(change: AttributeChange, before: Crop, after: Crop, judges: Judges) -> float:
    """Return the mean change of a crop's pixels beyond the attribute's segments, in [0, 1]."""
    wanted = SEGMENTS.get(change.attribute, FACE)
    masks = [one.regions for one in judges.looks.read([before, after])]
    about = np.any([np.isin(mask, wanted) for mask in masks], axis=0).astype(np.uint8)
    about = cv2.resize(about, (SIZE, SIZE), interpolation=cv2.INTER_NEAREST)
    side = 2 * MARGIN + 1
    outside = cv2.dilate(about, np.ones((side, side), np.uint8)) == 0
    return float(np.abs(before.pixels - after.pixels)[outside].mean()) if outside.any() else 0.0


def _means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (values * weights[:, None]).sum(0) / weights.sum()


if __name__ == "__main__":
    main()
