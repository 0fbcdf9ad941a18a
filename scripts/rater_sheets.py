"""Sheets of edits and untouched photos in random order, for a rater who is not told which is which.

    python scripts/rater_sheets.py make DATA OUT happy light=left --people 8 --photos 12 [--seed 1]
    python scripts/rater_sheets.py count OUT VERDICTS.csv

`make` edits portraits of the validation split, each cell another person as far as there are
enough, at their own resolution, and writes sheets of twelve numbered cells and ``key.csv``, which
no rater may see. Targets are written as in a manifest: ``happy``, ``light=left``,
``attr=beard=on``, ``turn=yaw=8``, ``"happy light=left"``. Photos that the edit leaves as they are
are left out.

`count` takes the rater's lines ``number,pass|fail,cause`` and says what passed, by target.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from faceedit import Editor, FaceEditError, parse_target
from faceedit.faces.pose import head_pose
from faceedit.photos import read_photo
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.tones import to_bytes

CELL, ACROSS, DOWN = 400, 4, 3
"""Pixels of a cell's side, and cells of a sheet."""
AROUND = 1.9
"""Distances of the outer eye corners from the face's middle to a cell's sides."""
PHOTO = "photo"
ASIDE = (12.0, 25.0)
"""Degrees by which who looks aside does so; `frontalize` refuses more."""


def main() -> None:
    """Make sheets or count verdicts."""
    parser = argparse.ArgumentParser(description="Sheets for blind raters.")
    tasks = parser.add_subparsers(dest="task", required=True)
    making = tasks.add_parser("make")
    making.add_argument("data", type=Path)
    making.add_argument("out", type=Path)
    making.add_argument("targets", nargs="+")
    making.add_argument("--people", type=int, default=8)
    making.add_argument("--photos", type=int, default=12)
    making.add_argument("--seed", type=int, default=1)
    making.add_argument("--aside", action="store_true", help="only of who looks aside (to=0)")
    counting = tasks.add_parser("count")
    counting.add_argument("out", type=Path)
    counting.add_argument("verdicts", type=Path)
    asked = parser.parse_args()
    if asked.task == "make":
        make(asked)
    else:
        count(asked.out, asked.verdicts)


def make(asked: argparse.Namespace) -> None:
    """Write the sheets and their key."""
    rng = np.random.default_rng(asked.seed)
    made: list[tuple[str, str, np.ndarray]] = []
    for target in asked.targets:
        parse_target(target)  # a misspelt one would be left out of every photo, for ever
    wanted = dict.fromkeys(asked.targets, asked.people) | {PHOTO: asked.photos}
    sources = people(asked.data, rng, asked.aside)
    with Editor() as editor:
        for target, number in wanted.items():
            while number:
                source = next(sources)
                photo = read_photo(source.photo.path).pixels
                after = photo if target == PHOTO else edited(editor, photo, target)
                if after is not None:
                    made.append((target, source.photo.path.name, cell(after, source.landmarks)))
                    number -= 1
    asked.out.mkdir(parents=True, exist_ok=True)
    order = rng.permutation(len(made))
    with (asked.out / "key.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "target", "file"])
        rows.writerows([n + 1, *made[i][:2]] for n, i in enumerate(order))
    each = ACROSS * DOWN
    for first in range(0, len(order), each):
        sheet = Image.new("RGB", (CELL * ACROSS, CELL * DOWN))
        for place, index in enumerate(order[first : first + each]):
            corner = (CELL * (place % ACROSS), CELL * (place // ACROSS))
            sheet.paste(Image.fromarray(made[index][2]), corner)
            ImageDraw.Draw(sheet).text(corner, f" {first + place + 1} ", "white", font_size=22)
        sheet.save(asked.out / f"sheet-{first // each + 1:02d}.png")
    print(f"{len(made)} cells in {asked.out}")


def people(data: Path, rng: np.random.Generator, aside: bool) -> Iterator[SourcePhoto]:
    """Yield photos of people whom no training saw, in random order, again and again."""
    photos = [p for p in list_photos(data / "portraits") if p.split == "val"]
    sources, _ = find_sources(photos, data / "portraits", None, lambda line: None)
    if aside:
        low, high = ASIDE
        sources = [s for s in sources if low <= abs(head_pose(s.landmarks).yaw) < high]
    while True:
        for index in rng.permutation(len(sources)):
            yield sources[index]


def edited(editor: Editor, photo: np.ndarray, target: str) -> np.ndarray | None:
    """Return the photo as the command would write it, or None where it leaves it alone."""
    try:
        after = editor.edit(photo, parse_target(target), as_array=True)
    except FaceEditError as error:
        print(f"left out: {error}")
        return None
    after = after if after.dtype == np.uint8 else to_bytes(after)
    return None if np.array_equal(after, photo) else after


def cell(photo: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return the (CELL, CELL, 3) uint8 square about a face, moved to lie within the photo."""
    middle = landmarks[:, :2].mean(0)
    reach = AROUND * float(np.linalg.norm(landmarks[33, :2] - landmarks[263, :2]))
    side = round(min(2 * reach, *photo.shape[:2]))
    height, width = photo.shape[:2]
    x, y = (
        int(np.clip(round(v - side / 2), 0, most - side))
        for v, most in zip(middle, (width, height), strict=True)
    )
    shrink = cv2.INTER_AREA if side > CELL else cv2.INTER_CUBIC
    return cv2.resize(photo[y : y + side, x : x + side], (CELL, CELL), interpolation=shrink)


def count(out: Path, verdicts: Path) -> None:
    """Print how many passed of each target, and the causes of what failed."""
    with (out / "key.csv").open(encoding="utf-8") as file:
        key = {int(row["number"]): row for row in csv.DictReader(file)}
    passed: dict[str, list[bool]] = {}
    for line in verdicts.read_text(encoding="utf-8").splitlines():
        number, verdict, *cause = (part.strip() for part in line.split(",", 2))
        if not number.isdigit():
            continue
        row = key[int(number)]
        passed.setdefault(row["target"], []).append(verdict == "pass")
        if verdict != "pass":
            print(f"{number} {row['target']} {row['file']}: {' '.join(cause)}")
    for target, found in sorted(passed.items()):
        print(f"{target}: {sum(found)} of {len(found)}")
    edits = [one for target, found in passed.items() if target != PHOTO for one in found]
    print(f"all edits: {sum(edits)} of {len(edits)}")


if __name__ == "__main__":
    main()
