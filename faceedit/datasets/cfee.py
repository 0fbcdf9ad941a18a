"""CFEE, Compound Facial Expressions of Emotion: 230 people, 26 categories, all seen from the front.

Files lie in ``CFEE_Database_230/01-04/Images1/`` and so on, and are named ``02_339_3470.jpg``:
number of the category, person, number of the picture (left out in a few).

What each number means stands in the set's own ``AU_annotation_all_subjects.xls``, sheet
``summary``; no public copy of it was found. `NUMBERS` is what the code of 2CET-GAN has, which reads
these files, and for those numbers it agrees with the order in the paper (Du, Tao and Martinez
2014). The two part at fearful, 04 by the paper's order and 08 by 2CET-GAN, so that neither is taken
for it here. The README of a later study from the set's own laboratory counts angry, surprised and
disgusted from 4 in pictures made from the set. Whoever has the sheet should write its numbers and
names to `KEY`.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from faceedit.datasets.labelled import LabelledPhoto, expression_of, read_table
from faceedit.datasets.listing import Tell, read_named, split_of
from faceedit.errors import UsageError

NUMBERS = {1: "neutral", 2: "happy", 3: "sad", 5: "angry", 6: "surprised", 7: "disgusted"}
KEY = "emotions.csv"
"""In the set's folder: lines of number and name, such as ``2,Happy``."""
CATEGORIES = range(1, 27)
NAME = re.compile(r"(?P<number>\d\d)_(?P<person>\d{3})(?:_\d+)?")
_FOLDER = re.compile(r"images\d|.*cfee.*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class CfeePhoto(LabelledPhoto):
    """A photo of CFEE.

    Attributes:
        number: of the category, as the set counts them.
    """

    number: int


def looks_like_cfee(path: Path) -> bool:
    """Say whether a picture is of CFEE by its name and a folder above it.

    Two numbers alone are what anyone may call a photo.
    """
    return NAME.fullmatch(path.stem) is not None and any(
        _FOLDER.fullmatch(part) for part in path.parts[-4:-1]
    )


def parse_cfee(path: Path) -> CfeePhoto | None:
    """Return what a file's name says by `NUMBERS`, or None where it is no name of CFEE."""
    match = NAME.fullmatch(path.stem)
    if match is None or int(match["number"]) not in CATEGORIES:
        return None
    person = f"cfee-{match['person']}"
    number = int(match["number"])
    return CfeePhoto(
        path=path,
        person=person,
        expression=NUMBERS.get(number, ""),
        strength=-1,
        split=split_of(person),
        source="cfee",
        number=number,
    )


def read_cfee(
    folder: Path,
    *,
    numbers: Mapping[int, str] | None = None,
    unnamed: bool = False,
    tell: Tell | None = None,
) -> list[CfeePhoto]:
    """List the photos of CFEE.

    Args:
        folder: that holds them, at any depth.
        numbers: expressions of `targets.EXPRESSIONS` by category; None takes them from `KEY` in
            the folder where it is, else `NUMBERS`.
        unnamed: take the other categories too, compound ones above all, as expression "". They
            are left out by default: an unlabelled photo may be taken for a calm one.
        tell: is told what was found and left out.

    Raises:
        UsageError: there are none, or `KEY` makes no sense.
    """
    key = folder / KEY
    if numbers is None and key.is_file():
        numbers = _read_key(key)
    elif numbers is None:
        numbers = NUMBERS
        if tell is not None:
            tell(
                "cfee: the categories' numbers are taken from others' code, which leaves afraid "
                f"open; write number,name to {key} from AU_annotation_all_subjects.xls"
            )
    named = dict(numbers)

    def parse(path: Path) -> CfeePhoto | None:
        photo = parse_cfee(path)
        return photo and replace(photo, expression=named.get(photo.number, ""))

    return read_named(
        folder,
        parse,
        lambda photo: unnamed or photo.expression != "",
        source="cfee",
        looked_for="CFEE's names such as 02_339_3470.jpg (category, person, picture) with "
        f"category {', '.join(f'{n:02} ({named[n]})' for n in sorted(named))}",
        tell=tell,
    )


def _read_key(path: Path) -> dict[int, str]:
    """Read lines of number and name; what has no name in `targets.EXPRESSIONS` is passed over."""
    found = {}
    with read_table(path) as file:
        for row in csv.reader(file):
            # Spreadsheets may write whole numbers as 2.0.
            number = row[0].strip().removesuffix(".0") if len(row) > 1 else ""
            name = expression_of(row[1]) if len(row) > 1 else ""
            if number.isdecimal() and name:
                found[int(number)] = name
    if not found:
        raise UsageError(f"{path}: no line has a number and the name of an expression: 2,happy")
    return found
