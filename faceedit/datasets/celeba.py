"""CelebA: 202,599 photos of 10,177 people with 40 attributes each.

Read as its authors pack it (``Anno/``, ``Eval/``, ``Img/``), as torchvision keeps it (all in one
folder) and as Kaggle has it (``.csv`` and a folder ``img_align_celeba`` in another of that name):

- ``list_attr_celeba``: text has the number of photos, then the names, then a file and -1 or 1 for
  each; CSV has a header that begins with ``image_id``.
- ``identity_CelebA``: file and person; not in Kaggle's copy.
- ``list_eval_partition``: file and 0 (train), 1 (validation) or 2 (test).
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faceedit.datasets.labelled import LabelledPhoto, read_table
from faceedit.datasets.listing import Tell, list_pictures, report, split_of
from faceedit.errors import UsageError
from faceedit.targets import ATTRIBUTES

ATTRIBUTES_TABLE, PEOPLE_TABLE = "list_attr_celeba", "identity_CelebA"
PARTITION_TABLE = "list_eval_partition"
PICTURE_FOLDERS = ("img_align_celeba", "img_align_celeba_png", "img_celeba")
"""The aligned ones first: they have one face each."""
_SPLITS = {"0": "train", "1": "val", "2": "test"}
_SPELLED = {"moustache": "Mustache", "beard": "No_Beard"}
_COLUMNS = {a: _SPELLED.get(a, "_".join(w.title() for w in a.split("_"))) for a in ATTRIBUTES}
"""CelebA's name of each attribute; all but ``beard`` in the same sense."""
_NEEDED = (*_COLUMNS.values(), "Smiling", "Wearing_Hat")


@dataclass(frozen=True, kw_only=True)
class CelebAPhoto(LabelledPhoto):
    """A photo of CelebA.

    Attributes:
        attributes: whether the person has each of `targets.ATTRIBUTES`, in that order.
    """

    attributes: tuple[bool, ...] = ()


def find_celeba(folder: Path) -> Path | None:
    """Return the table of attributes where a folder holds CelebA, else None."""
    return _find_table(folder, ATTRIBUTES_TABLE)


def read_celeba(
    folder: Path,
    *,
    pictures: Path | None = None,
    test: bool = False,
    tell: Tell | None = None,
) -> list[CelebAPhoto]:
    """List the photos of CelebA.

    Smiling is "happy"; who does not smile may show anything, so that the expression is "". The
    set's own partition gives the split. Without it people are split by their names' hash, and
    without the table of people every photo counts as a person of its own.

    Args:
        folder: that holds the tables, in itself or one folder below.
        pictures: folder of the photos, or None for the first of `PICTURE_FOLDERS`.
        test: take the test partition too, as "val"; it is left out by default.
        tell: is told what was found and left out.

    Raises:
        UsageError: no table of attributes or no photos, or the table lacks attributes.
    """
    table = find_celeba(folder)
    if table is None:
        raise UsageError(f"{folder}: looked for {ATTRIBUTES_TABLE}.txt or .csv of CelebA")
    files = _find_pictures(folder, pictures)
    people = _read_pairs(_find_table(folder, PEOPLE_TABLE))
    partition = _read_pairs(_find_table(folder, PARTITION_TABLE))
    left_out = {"in the test partition": 0, "in the table but not there": 0, "bad lines": 0}
    photos, names = [], set()
    for name, values in _read_attributes(table):
        stem = Path(name).stem
        names.add(stem)
        person = f"celeba-{people.get(stem, stem)}"
        split = _SPLITS.get(partition.get(stem, ""), split_of(person))
        if values is None:
            left_out["bad lines"] += 1
        elif stem not in files:
            left_out["in the table but not there"] += 1
        elif split == "test" and not test:
            left_out["in the test partition"] += 1
        else:
            split = "val" if split == "test" else split
            photos.append(_photo(files[stem], person, split, values))
    left_out["not in the table"] = len(files.keys() - names)
    if not photos:
        counts = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise UsageError(f"{folder}: looked for photos that {table} lists; left out: {counts}")
    if tell is not None:
        tell(report("celeba", photos, left_out))
    return photos


def _photo(path: Path, person: str, split: str, values: dict[str, bool]) -> CelebAPhoto:
    return CelebAPhoto(
        path=path,
        person=person,
        expression="happy" if values["Smiling"] else "",
        strength=-1,
        split=split,
        eyeglasses=values["Eyeglasses"],
        source="celeba",
        hat=values["Wearing_Hat"],
        attributes=tuple(values[_COLUMNS[a]] != (a == "beard") for a in ATTRIBUTES),
    )


def _places(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [folder, *sorted(p for p in folder.iterdir() if p.is_dir())]


def _find_table(folder: Path, name: str) -> Path | None:
    tables = (place / f"{name}{ending}" for place in _places(folder) for ending in (".txt", ".csv"))
    return next((table for table in tables if table.is_file()), None)


def _find_pictures(folder: Path, given: Path | None) -> dict[str, Path]:
    """Return the photos by their names without the ending: the PNG copy has the same tables."""
    places = (place / name for name in PICTURE_FOLDERS for place in _places(folder))
    chosen = given or next((place for place in places if place.is_dir()), None)
    if chosen is None:
        raise UsageError(f"{folder}: looked for CelebA's photos in {', '.join(PICTURE_FOLDERS)}")
    return {path.stem: path for path in list_pictures(chosen)}


def _rows(table: Path) -> Iterator[list[str]]:
    with read_table(table) as file:
        if table.suffix == ".csv":
            yield from csv.reader(file)
        else:
            yield from (line.split() for line in file)


def _read_attributes(table: Path) -> Iterator[tuple[str, dict[str, bool] | None]]:
    """Yield each file and its attributes, None where the line cannot be read."""
    columns: list[str] | None = None
    for row in _rows(table):
        if columns is None:
            if "Smiling" in row:
                # A text's header names no column for the file.
                columns = row[1:] if table.suffix == ".csv" or row[0] == "image_id" else row
                _check(table, columns)
        elif row:
            sound = len(row) == len(columns) + 1 and set(row[1:]) <= {"-1", "0", "1"}
            flags = (value == "1" for value in row[1:])
            yield row[0], dict(zip(columns, flags, strict=True)) if sound else None
    if columns is None:
        raise UsageError(f"{table}: no line names the 40 attributes")


def _check(table: Path, columns: list[str]) -> None:
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise UsageError(f"{table}: no column {', '.join(missing)}")


def _read_pairs(table: Path | None) -> dict[str, str]:
    """Read lines of file and number; a header and other lines are passed over."""
    if table is None:
        return {}
    rows = ([field.strip() for field in row] for row in _rows(table))
    return {Path(r[0]).stem: r[1] for r in rows if len(r) == 2 and r[1].isdecimal()}
