"""What was read by eye beside ``portraits.csv``: people, their looks, and what they are used for.

``looks_people.csv`` has a line per person. Its columns are those of ``portraits.csv`` and

- ``split``: train people are learned from, thresholds and confidence are set on calibration people,
  and val people only judge. Whoever is not in the file is a train person. This split is that of
  attributes alone: it moves some train people of ``portraits.csv`` to val, none the other way;
- ``skin``: light, medium or dark;
- ``drawn_back``: 1 where the hair is tied or combed away from face and forehead;
- ``mouth_neutral``, ``mouth_happy``: ``mouth`` of the photo of that expression.

Photographed people have all columns, people of the labelled portraits only split and skin. Empty
cells could not be decided.
"""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from faceedit.datasets.labelled import attributes_of
from faceedit.targets import ATTRIBUTES, EXPRESSIONS
from faceedit.training.recognisers.faces import FaceTable

PEOPLE = Path(__file__).with_name("looks_people.csv")
COLOURS = ("black_hair", "blond_hair", "brown_hair")
_AT = {name: ATTRIBUTES.index(name) for name in (*COLOURS, "bald", "bangs", "male")}

People = Mapping[str, Mapping[str, str]]
"""Columns by person."""


def read_people(path: Path = PEOPLE) -> People:
    """Read the people of a CSV with the columns of ``looks_people.csv``."""
    with path.open(newline="") as file:
        return {row["person"]: row for row in csv.DictReader(file)}


def with_looks(faces: FaceTable, people: People) -> FaceTable:
    """Fill in the attributes of people that the file has all columns for."""
    attributes = faces.attributes.copy()
    for i, person in enumerate(faces.people):
        row = people.get(str(person), {})
        if row.get("sex"):
            known = faces.expression[i]
            mouth = f"mouth_{EXPRESSIONS[known]}" if known >= 0 else "mouth_neutral"
            attributes[i] = attributes_of({**row, "mouth": row.get(mouth, "")})
    return replace(faces, attributes=attributes)


def of_split(faces: FaceTable, people: People, split: str) -> np.ndarray:
    """Say which faces are of people of a split of attributes: (N,) bool.

    Args:
        faces: to choose from.
        people: of `read_people`; whoever it lacks has the split of the table.
        split: train, calibration or val.
    """
    own = np.where(faces.validation, "val", "train")
    found = [people.get(str(p), {}).get("split", s) for p, s in zip(faces.people, own, strict=True)]
    return np.array(found, str) == split


def groups_of(faces: FaceTable, people: People) -> dict[str, np.ndarray]:
    """Say which groups faces belong to.

    Returns:
        (N,) names by what parts them (skin, sex, hair, drawn back, source); "" where not known.
        Hair is black, blond, brown, covered (by a hat) or other.
    """
    looks = {name: faces.attributes[:, at] for name, at in _AT.items()}
    hair = np.full(len(faces), "", "<U8")
    hair[~np.isnan(looks["black_hair"])] = "other"
    for name in COLOURS:
        hair[looks[name] == 1] = name.removesuffix("_hair")
    labelled = ~np.isnan(looks["male"])
    hair[labelled & np.isnan(looks["bald"]) & np.isnan(looks["bangs"])] = "covered"
    sex = np.where(looks["male"] == 1, "male", "female")
    rows = [people.get(str(person), {}) for person in faces.people]
    drawn = {"0": "no", "1": "yes"}
    return {
        "skin": np.array([row.get("skin", "") for row in rows], str),
        "sex": np.where(labelled, sex, ""),
        "hair": hair,
        "drawn back": np.array([drawn.get(row.get("drawn_back", ""), "") for row in rows], str),
        "source": np.array([str(file).split("-")[0] for file in faces.files], str),
    }
