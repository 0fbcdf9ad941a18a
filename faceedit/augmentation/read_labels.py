"""Tables of labelled photos: a CSV with a file and a label in each line, and whatever else."""

import csv
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from faceedit.augmentation.collection import Collection, Original, class_part_of, collection_of
from faceedit.datasets.labelled import expression_of, read_table
from faceedit.errors import UsageError

LABELS = ("label", "expression")
"""Columns of a table that say a photo's class; the first that is there."""


def find_labels(folder: Path) -> Path | None:
    """Return the first CSV of a folder, by name, that lists labelled photos."""
    for table in sorted(folder.glob("*.csv")):
        # Whatever else is called so is no reason to stop.
        with suppress(UsageError), read_table(table) as file:
            if not _lacking(next(csv.reader(file), [])):
                return table
    return None


def _lacking(columns: Sequence[str]) -> list[str]:
    lacking = [] if "file" in columns else ["file"]
    return lacking if set(LABELS) & set(columns) else [*lacking, " or ".join(LABELS)]


def read_labels(table: Path) -> Collection:
    """Read a table with the columns file and label, or expression.

    Raises:
        UsageError: a column is missing, or a line makes no sense.
    """
    with read_table(table) as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or [])
        if lacking := _lacking(columns):
            raise UsageError(f"{table}: no column {', no column '.join(lacking)}")
        rows: dict[int, dict[str, str]] = {}
        for row in reader:
            rows[reader.line_num] = _cells(row, columns)
    if not rows:
        raise UsageError(f"{table}: lists no photos")
    for line, row in rows.items():
        if not row["file"] or "\0" in row["file"]:
            raise UsageError(f"{table}, line {line}: no file has the name {row['file']!r}")
    root, places = _places([row["file"] for row in rows.values()], table)
    found: dict[str, Original] = {}
    for place, (line, row) in zip(places, rows.items(), strict=True):
        if place in found:
            raise UsageError(f"{table}, line {line}: {row['file']} is listed twice")
        found[place] = _from_row(root, place, row)
    originals = [one for one in found.values() if _is_file(one.path)]
    missing = [one.path for one in found.values() if not _is_file(one.path)]
    if not originals:
        raise UsageError(f"{table}: none of its {len(rows)} files is there, such as {missing[0]}")
    known = ("file", *LABELS, "person", "split")
    return collection_of(root, originals, [one for one in columns if one not in known], missing)


def _is_file(path: Path) -> bool:
    # Other than pathlib, os.path takes names too long for names of nothing.
    return os.path.isfile(path)  # noqa: PTH113


def _cells(row: Mapping[str, str | None], columns: Sequence[str]) -> dict[str, str]:
    return {name: (row.get(name) or "").strip() for name in columns}


def _places(files: Sequence[str], table: Path) -> tuple[Path, list[str]]:
    """Return the folder of a table's files, and the place of each below it.

    Files lie in a folder of the table's own name or beside the table; where some lie elsewhere it
    is the nearest folder above all of them.
    """
    own = table.with_suffix("")
    is_own = own.is_dir() and any(_is_file(own / file) for file in files)
    base = own if is_own else table.parent
    paths = [Path(os.path.abspath(base / file)) for file in files]  # noqa: PTH100
    root = Path(os.path.abspath(base))  # noqa: PTH100
    try:
        if not all(path.is_relative_to(root) for path in paths):
            root = Path(os.path.commonpath([path.parent for path in paths]))
    except ValueError as error:
        raise UsageError(f"{table}: its files lie on several drives") from error
    return root, [path.relative_to(root).as_posix() for path in paths]


def _from_row(root: Path, place: str, row: Mapping[str, str]) -> Original:
    label = next((row[name] for name in LABELS if row.get(name)), "")
    expression = expression_of(label) or expression_of(row.get("expression", ""))
    return Original(
        path=root / place,
        place=place,
        label=label,
        expression=expression,
        person=row.get("person") or place,
        split=row.get("split", ""),
        class_part=class_part_of(place, label, expression),
        columns=row,
    )
