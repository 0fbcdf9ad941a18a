"""Labelled collections, however they are kept: tables, folders of classes, public sets."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

from faceedit.augmentation.collection import (
    Collection,
    Original,
    check_people,
    class_part_of,
    collection_of,
)
from faceedit.augmentation.read_labels import find_labels, read_labels
from faceedit.datasets import READERS, recognise
from faceedit.datasets.labelled import LabelledPhoto, expression_of, read_labelled
from faceedit.datasets.listing import Tell
from faceedit.errors import UsageError
from faceedit.photos import find_photos
from faceedit.targets import ATTRIBUTES

SPLITS = ("train", "training", "val", "valid", "validation", "dev", "test", "testing")
"""Names of folders that are no classes but splits, if all folders are called so."""
_TOLD = ("path", "person", "expression", "split")


def read_originals(data: Path, tell: Tell | None = None) -> Collection:
    """Read a collection.

    Args:
        data: a CSV with the columns file and label (or expression), and if known person and split,
            its files beside it or in a folder of the CSV's own name; or a folder.
        tell: is told what was found in a public set and what was left out.

    Raises:
        UsageError: nothing is there, or what is there makes no sense; a person in two splits.
    """
    if not data.is_dir():
        if not data.exists():
            raise UsageError(f"{data}: no such file or folder")
        collection = read_labels(data)
    else:
        collection = replace(_read_folder(data, tell), is_folder=True)
    check_people(collection.originals)
    return collection


def _read_folder(folder: Path, tell: Tell | None) -> Collection:
    table = find_labels(folder)
    if table is not None:
        return read_labels(table)
    name = recognise(folder)
    if name is not None:
        return _from_set(READERS[name](folder, tell=tell), folder)
    classes = _read_classes(folder, tell)
    if any(one.expression for one in classes):
        return collection_of(folder, classes)
    with suppress(UsageError):
        return _from_set(read_labelled(folder), folder)
    if not classes:
        raise UsageError(
            f"{folder}: holds no labelled photos; looked for a CSV with file and label, a folder "
            f"for each class, person/expression folders and a known set ({', '.join(READERS)})"
        )
    return collection_of(folder, classes)


def _read_classes(folder: Path, tell: Tell | None) -> list[Original]:
    """Read a folder for each class, or for each split and in it for each class."""
    places = [path.relative_to(folder) for path in find_photos([folder])]
    tops = {place.parts[0].lower() for place in places if len(place.parts) > 1}
    deep = any(len(place.parts) > 2 for place in places)
    level = 1 if deep and tops <= set(SPLITS) else 0
    inside = [place for place in places if len(place.parts) > level + 1]
    if tell is not None and inside and len(inside) < len(places):
        tell(f"{len(places) - len(inside)} photos lie in no folder of a class and are left out")
    return [
        Original(
            path=folder / place,
            place=place.as_posix(),
            label=place.parts[level],
            expression=expression_of(place.parts[level]),
            person=place.as_posix(),
            split=place.parts[0] if level else "",
            class_part=level,
            columns={},
        )
        for place in inside
    ]


def _from_set(photos: Sequence[LabelledPhoto], folder: Path) -> Collection:
    originals = []
    for photo in photos:
        place = Path(os.path.relpath(photo.path, folder)).as_posix()
        originals.append(
            Original(
                path=photo.path,
                place=place,
                label=photo.expression,
                expression=photo.expression,
                person=photo.person,
                split=photo.split,
                class_part=class_part_of(place, photo.expression, photo.expression),
                columns=_columns_of(photo),
            )
        )
    return collection_of(folder, originals, tuple(originals[0].columns))


def _columns_of(photo: LabelledPhoto) -> dict[str, str]:
    """Return what a reader knows of a photo, as a table says it."""
    columns: dict[str, str] = {}
    for field in fields(photo):
        value = getattr(photo, field.name)
        if field.name == "attributes":
            known = zip(ATTRIBUTES, value, strict=bool(value))
            columns |= {name: "" if has != has else str(int(has)) for name, has in known}
        elif field.name == "strength":
            columns["strength"] = "" if value < 0 else str(value)
        elif field.name not in _TOLD:
            columns[field.name] = str(int(value)) if isinstance(value, bool) else str(value)
    return columns
