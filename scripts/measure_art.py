"""Measure a method on pictures unlike its training: portraits made to look like art.

    python scripts/measure_art.py DATA [--model reggan] [--weights FILE] [--people N] [--sheet F]

DATA holds the protocol's portraits. Neutral photos are restyled (`faceedit.evaluation.restyle`)
and led to six expressions; the table says how often these are named right, beside the photos.
"""

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from faceedit.editing.build import EditSettings, open_editor
from faceedit.editing.editor import FaceEditor
from faceedit.evaluation.edits import Album
from faceedit.evaluation.evidence import Evidence
from faceedit.evaluation.gallery import Gallery
from faceedit.evaluation.gather import Input, gather_edited
from faceedit.evaluation.measure import measure
from faceedit.evaluation.own_networks import open_recognisers
from faceedit.evaluation.protocol import find_photos, read_protocol
from faceedit.evaluation.restyle import STYLES
from faceedit.photos import read_photo
from faceedit.photos.pixels import eight_bits
from faceedit.registry import open_registry
from faceedit.targets import parse_target
from faceedit.training.sheets import write_sheet

SIX = ("happy", "sad", "angry", "surprised", "disgusted", "afraid")
METRICS = ("ECS", "FSS", "sharpness")
SHEET_PEOPLE, SHEET_SIDE = 6, 300


def main() -> None:
    """Restyle, edit, measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Measure a method on portraits made like art.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="reggan")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--sheet", type=Path, help="PNG of some of them")
    arguments = parser.parse_args()
    everything = parse_target(list(SIX))
    editor = open_editor(
        EditSettings(everything, arguments.model, weights=arguments.weights, edit_shown=True)
    )
    photos = _photos(arguments.data, arguments.people)
    print(f"| | named right | of photos | {' | '.join(METRICS[1:])} | faces |")
    print(f"|{'---|' * (len(METRICS) + 3)}")
    of_photos = None
    with tempfile.TemporaryDirectory() as folder:
        for style in ("photo", *STYLES):
            pictures = _restyled(editor, photos, style, Path(folder))
            values, faces = _measure(editor, pictures)
            of_photos = of_photos or values["ECS"]
            cells = [f"{values['ECS']:.3f}", f"{values['ECS'] / of_photos:.2f}"]
            cells += [f"{values[name]:.3f}" for name in METRICS[1:]]
            print(f"| {style} | {' | '.join(cells)} | {faces} of {len(photos)} |", flush=True)
        if arguments.sheet:
            _draw(editor, photos, Path(folder), arguments.sheet)


def _photos(data: Path, people: int) -> dict[str, Path]:
    """Return the neutral photo of the first so many people, by person."""
    protocol = read_protocol()
    neutral = [p for p in protocol.photos if p.expression == "neutral"]
    of_person = {p.person: p for p in reversed(neutral)}
    chosen = tuple(
        of_person[who] for who in list(dict.fromkeys(p.person for p in neutral))[:people]
    )
    paths = find_photos(chosen, data)
    return {p.person: paths[p.file] for p in chosen}


def _restyled(
    editor: FaceEditor, photos: dict[str, Path], style: str, folder: Path
) -> dict[str, Path]:
    """Write the photos in a style; the face is found in the photo."""
    if style == "photo":
        return photos
    pictures = {}
    for number, (person, path) in enumerate(photos.items()):
        pixels = eight_bits(read_photo(path).pixels)[..., :3]
        faces = editor.find(pixels)
        if faces:
            pictures[person] = folder / f"{style}-{number}.png"
            Image.fromarray(STYLES[style](pixels, faces[0].landmarks)).save(pictures[person])
    return pictures


@torch.inference_mode()
def _measure(editor: FaceEditor, pictures: dict[str, Path]) -> tuple[dict[str, float], int]:
    targets = tuple(parse_target([name]) for name in SIX)
    inputs = [
        Input(path, path.name, person, "neutral", targets) for person, path in pictures.items()
    ]
    album = Album()
    failures = [f for f in gather_edited(editor, inputs, album) if f is not None]
    edits = album.close()
    found = measure(
        Evidence(edits, Gallery(edits.pictures, open_recognisers(open_registry(), "cpu")))
    )
    values = {r.metric.name: r.groups[found.headline].value for r in found.results if r.groups}
    return values, len(pictures) - len(failures)


def _draw(editor: FaceEditor, photos: dict[str, Path], folder: Path, sheet: Path) -> None:
    rows, people = [], list(photos)[:: max(1, len(photos) // SHEET_PEOPLE)][:SHEET_PEOPLE]
    styles = list(STYLES)
    for number, person in enumerate(people):
        style = styles[number % len(styles)]
        path = folder / f"{style}-{list(photos).index(person)}.png"
        pixels = np.array(Image.open(path))
        row = [pixels]
        row += [editor.edit_pixels(pixels, parse_target([name])).pixels for name in SIX]
        rows.append([cv2.resize(p, (SHEET_SIDE, SHEET_SIDE)) for p in row])
    write_sheet(sheet, rows, ["input", *SIX])


if __name__ == "__main__":
    main()
