"""Tables of labelled photos: a CSV, or person/expression folders."""

import contextlib
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from faceedit.errors import UsageError
from faceedit.targets import ATTRIBUTES, EXPRESSIONS, SYNONYMS
from faceedit.untrusted import open_table

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
COLUMNS = {"file", "person", "expression"}
"""What a table must have."""
VALIDATION_SHARE = 10
"""Without a `split` column, every tenth person is kept for validation."""
UNKNOWN = float("nan")
"""Of an attribute."""
_HAIR = {"black_hair": "black", "blond_hair": "blond", "brown_hair": "brown"}
_OTHER_NAMES = {**SYNONYMS, "happiness": "happy", "neutrality": "neutral", "fearful": "afraid"}


@dataclass(frozen=True)
class LabelledPhoto:
    """One training photo.

    Attributes:
        path: the picture.
        person: the same for all photos of one person.
        expression: one of `targets.EXPRESSIONS`, or "" where unknown.
        strength: of the expression, 0 to 3; -1 where unknown.
        split: "train" or "val"; the same for all photos of one person.
        eyeglasses: whether the person wears any.
        source: name of the collection; "" where unknown.
        occluded: whether something covers part of the face.
        hat: whether the person wears one.
        attributes: 1 or 0 for each of `targets.ATTRIBUTES`, `UNKNOWN` where nobody said; empty
            where nothing is known of any.
    """

    path: Path
    person: str
    expression: str
    strength: int
    split: str
    eyeglasses: bool = False
    source: str = ""
    occluded: bool = False
    hat: bool = False
    attributes: tuple[float, ...] = ()


def read_labelled(data: Path) -> list[LabelledPhoto]:
    """Read a table of photos.

    Args:
        data: a CSV with the columns file, person and expression (and, where known, split,
            strength, hat, source and those of `attributes_of`), its files beside it or in a folder
            of the CSV's own name; or a folder that holds such a CSV; or a folder of
            person/expression.jpg or person/expression/*.jpg.

    Raises:
        UsageError: nothing there, a column is missing, or a row makes no sense.
    """
    if data.is_file():
        return _read_csv(data)
    if not data.is_dir():
        raise UsageError(f"no training data at {data}")
    table = find_table(data)
    if table is not None:
        return _read_csv(table)
    photos = _read_folders(data)
    if not photos:
        raise UsageError(
            f"{data} holds neither a CSV with file, person and expression, nor person/expression "
            "folders"
        )
    return photos


def expression_of(label: str) -> str:
    """Return which of `targets.EXPRESSIONS` the label of a class means, or "".

    >>> expression_of("Happiness"), expression_of("squint")
    ('happy', '')
    """
    name = label.strip().lower()
    name = _OTHER_NAMES.get(name, name)
    return name if name in EXPRESSIONS else ""


def find_table(folder: Path) -> Path | None:
    """Return the first CSV of a folder, by name, that has the columns of a table of photos."""
    for table in sorted(folder.glob("*.csv")):
        # Whatever else is called so is no reason to stop.
        with contextlib.suppress(UsageError), read_table(table) as file:
            if set(next(csv.reader(file), [])) >= COLUMNS:
                return table
    return None


@contextlib.contextmanager
def read_table(path: Path) -> Iterator[TextIO]:
    """Open a table for the csv module; what goes wrong while it is read names it.

    Raises:
        UsageError: it is not there, is no regular file, is too large, no UTF-8 or no table.
    """
    try:
        with open_table(path) as file:
            yield file
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read as a table: {error}") from error


def _read_csv(table: Path) -> list[LabelledPhoto]:
    with read_table(table) as file:
        reader = csv.DictReader(file)
        missing = COLUMNS - set(reader.fieldnames or [])
        if missing:
            raise UsageError(f"{table}: no column {', '.join(sorted(missing))}")
        rows = []
        for row in reader:
            _check(row, f"{table}, line {reader.line_num}")
            rows.append(row)
    folder = table.with_suffix("") if table.with_suffix("").is_dir() else table.parent
    splits = _split_people(sorted({row["person"] for row in rows}))
    return [
        LabelledPhoto(
            path=folder / row["file"],
            person=row["person"],
            expression=row["expression"] if row["expression"] in EXPRESSIONS else "",
            strength=int(row.get("strength") or -1),
            split=row.get("split") or splits[row["person"]],
            eyeglasses=(row.get("eyeglasses") or "0") != "0",
            source=row.get("source") or "",
            occluded=(row.get("occluded") or "0") != "0",
            hat=(row.get("hat") or "0") != "0",
            attributes=known if any(one == one for one in known) else (),
        )
        for row, known in ((row, attributes_of(row)) for row in rows)
    ]


def attributes_of(row: dict[str, str]) -> tuple[float, ...]:
    """Return which of `targets.ATTRIBUTES` a table's row names: 1, 0 or `UNKNOWN` for each.

    Columns are called as the attributes are, with 1 where they are there and 0 where not; hair,
    sex, age and mouth as ``portraits.csv`` has them do as well. Under a hat nobody sees whether a
    head is bald or has bangs.

    >>> row = {"beard": "1", "hair": "blond", "age": "old"}
    >>> [a for a, has in zip(ATTRIBUTES, attributes_of(row), strict=True) if has == 1]
    ['blond_hair', 'beard']
    """

    def yes(column: str, *values: str) -> float:
        return float(row[column] in values) if row.get(column) else UNKNOWN

    found = {name: yes(name, "1") for name in ATTRIBUTES}
    if row.get("hat") == "1":
        found["bald"] = found["bangs"] = UNKNOWN
    if row.get("hair"):
        hidden = row["hair"] == "hidden"
        found |= {k: UNKNOWN if hidden else yes("hair", colour) for k, colour in _HAIR.items()}
    found["eyeglasses"] = yes("eyeglasses", "1", "2")
    for name, column, values in (
        ("male", "sex", "m"),
        ("young", "age", ("young",)),
        ("mouth_slightly_open", "mouth", ("1", "2")),
    ):
        if row.get(column):
            found[name] = yes(column, *values)
    return tuple(found[name] for name in ATTRIBUTES)


def _check(row: dict[str, str], place: str) -> None:
    if not row["file"] or not row["person"]:
        raise UsageError(f"{place}: file or person is empty")
    if "\0" in row["file"]:
        raise UsageError(f"{place}: no file has a name like {row['file']!r}")
    strength = row.get("strength") or "-1"
    if strength not in ("-1", "0", "1", "2", "3"):
        raise UsageError(f"{place}: strength {strength!r} is not 0, 1, 2 or 3")


def _read_folders(data: Path) -> list[LabelledPhoto]:
    found = []
    for path in sorted(p for p in data.rglob("*") if p.suffix.lower() in SUFFIXES):
        parts = path.relative_to(data).with_suffix("").parts
        if len(parts) < 2:
            continue
        names = [p.lower() for p in parts[1:3]]
        expression = next((n for n in names if n in EXPRESSIONS), None)
        if expression:
            found.append((path, parts[0], expression))
    splits = _split_people(sorted({person for _, person, _ in found}))
    return [LabelledPhoto(path, who, what, -1, splits[who]) for path, who, what in found]


def _split_people(people: list[str]) -> dict[str, str]:
    last = VALIDATION_SHARE - 1
    return {p: "val" if i % VALIDATION_SHARE == last else "train" for i, p in enumerate(people)}
