"""``@list.txt`` and ``@table.csv``: photos that a file names, and what each is to show."""

import csv
import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from faceedit.errors import UsageError
from faceedit.limits import COUNT, shorten
from faceedit.names import unknown
from faceedit.photos import is_pattern
from faceedit.targets import MAX_STRENGTH
from faceedit.targets.like import parse_like
from faceedit.targets.term import read_number
from faceedit.untrusted import MAX_TABLE, open_table, read_text

FILE, TARGET, STRENGTH, CHOICE = "file", "target", "strength", "choice"
PERSON, FACE = "person", "face"
COLUMNS = (FILE, TARGET, FACE, STRENGTH, CHOICE)
ACCEPT, REJECT = "accept", "reject"
DELIMITERS = ",;\t"
"""Between the cells of a table: spreadsheets write another one where the comma is decimal."""
MISSPELLED = 0.8
"""Likeness to the name of a column from which on another name is a slip."""


@dataclass(frozen=True)
class Row:
    """What a table asks of a photo, or of a person.

    Attributes:
        path: of the photo, or of one that shows the person, as on the command line.
        target: text form; empty takes the command's.
        strength: multiplies all strengths.
        rejected: the photo is to stay as it is.
        face: number of the one face of the photo that it is about, 1 is the largest; 0 for all.
        where: file and line, for messages.
    """

    path: str
    target: str = ""
    strength: float = 1.0
    rejected: bool = False
    face: int = 0
    where: str = ""


class Given(NamedTuple):
    """What the inputs of a command are, with what files say that are named with ``@``.

    Attributes:
        inputs: all of them.
        rows: of tables, one for each output; none for what no table names.
        people: rows of tables of people.
    """

    inputs: list[str]
    rows: list[Row]
    people: list[Row]


def read_inputs(given: Sequence[str]) -> Given:
    """Replace ``@file`` among inputs by what the file names.

    Args:
        given: as on the command line. ``@list.txt`` names inputs, one a line, ``@table.csv`` photos
            in a column ``file``, or people in a column ``person``. All are read as if their names
            stood on the command line.

    Raises:
        UsageError: a file cannot be read, or makes no sense; the line is named.
    """
    inputs: list[str] = []
    rows: list[Row] = []
    people: list[Row] = []
    for one in given:
        path = Path(one[1:])
        if not one.startswith("@") or Path(one).exists():
            inputs.append(one)
        elif path.suffix.lower() == ".csv":
            of_people, table = _read_table(path)
            if of_people:
                people += table
            else:
                inputs += dict.fromkeys(row.path for row in table)
                rows += table
        else:
            inputs += _read_list(path)
    return Given(inputs, rows, people)


def _read_list(path: Path) -> list[str]:
    try:
        lines = read_text(path, MAX_TABLE).split("\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as a list of photos: {_said(error)}") from error
    names = {number: line for number, line in enumerate(lines, 1) if line.strip()}
    if not names:
        raise UsageError(f"{path}: the list is empty")
    for number, name in names.items():
        if not (os.path.lexists(name) or is_pattern(name)):
            raise UsageError(f"{path}, line {number}: {shorten(name, 200)}: no such file or folder")
    return list(names.values())


def _read_table(path: Path) -> tuple[bool, list[Row]]:
    """Return whether a table is one of people, and its rows."""
    try:
        with open_table(path) as file:
            head = file.readline()
            between = max(DELIMITERS, key=head.count)
            names = [one.strip().lower() for one in next(csv.reader([head], delimiter=between), ())]
            of_people = PERSON in names and FILE not in names
            _check_columns(path, names, of_people)
            reader = csv.DictReader(file, names, delimiter=between)
            key = PERSON if of_people else FILE
            rows = [_read_row(row, key, f"{path}, line {reader.line_num + 1}") for row in reader]
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read as a table: {_said(error)}") from error
    if not rows:
        raise UsageError(f"{path}: the table has no rows")
    return of_people, rows


def _check_columns(path: Path, names: Iterable[str], of_people: bool) -> None:
    """Refuse a table without files or people; columns that it has beside ours mean nothing."""
    if FILE not in names and not of_people:
        known = f"known: {', '.join(COLUMNS)}; or {PERSON}, {TARGET}, {STRENGTH}"
        raise UsageError(f"{path}: has no column {FILE!r}; {known}")
    for name in names:
        if name not in (*COLUMNS, PERSON) and difflib.get_close_matches(
            name, COLUMNS, cutoff=MISSPELLED
        ):
            raise UsageError(f"{path}, line 1: {unknown('column', name, COLUMNS)}")


def _read_row(row: dict[str, str], key: str, where: str) -> Row:
    def of(name: str) -> str:
        return (row.get(name) or "").strip()

    if any(row.get(cast(str, None)) or ()):
        raise UsageError(
            f"{where}: it has more cells than the table has columns; quote what has a comma in it"
        )
    path, choice = row.get(key) or "", of(CHOICE).lower()
    if not path:
        raise UsageError(f"{where}: no {key} is named")
    _check_photo(path if key == FILE else parse_like(path)[0].path, where)
    if choice not in ("", ACCEPT, REJECT):
        raise UsageError(f"{where}: {unknown(CHOICE, choice, (ACCEPT, REJECT))}")
    try:
        strength = read_number(of(STRENGTH) or "1", "the strength", 0, MAX_STRENGTH)
        face = read_number(of(FACE) or "0", "the face", 0, COUNT)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error
    if face != int(face):
        raise UsageError(f"{where}: the face is {face:g}; write a whole number, the largest is 1")
    return Row(path, of(TARGET), strength, choice == REJECT, int(face), where)


def _check_photo(path: str, where: str) -> None:
    # Other than pathlib, os.path takes names too long or forbidden for names of nothing.
    if os.path.isdir(path) or (is_pattern(path) and not os.path.lexists(path)):  # noqa: PTH112
        raise UsageError(f"{where}: {path} is several photos; write a row for each of them")
    if not os.path.lexists(path):
        raise UsageError(f"{where}: {shorten(path, 200)}: no such file")


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
