"""Readings as data: one JSON object per photo, one row of a table per face.

``faceedit/schemas/analyze.schema.json`` says what each key of the JSON object means. All keys are
always there.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from faceedit.analysis.reading import FaceReading
from faceedit.analysis.run import PhotoReading
from faceedit.recognisers.appearance import LIGHT_NAMES
from faceedit.targets import ACTION_UNITS, ATTRIBUTES, EXPRESSIONS

SCHEMA_VERSION = 1
"""It rises when what a key means changes or a key goes, and not when keys are added."""

_FORMULA = re.compile(r"[\s\x00-\x20'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\s\x00-\x20]")
_AXES = ("x", "y", "z")
_SIDES = ("left", "top", "right", "bottom")
COLUMNS = (
    "file", "face", *_SIDES, "score", "presence", "eye_distance", "yaw", "pitch", "roll",
    "edge_width", "lines", "naturalness", "expression", "strength", *EXPRESSIONS,
    *(f"au_{unit}" for unit in ACTION_UNITS), "light", "light_probability", "light_strength",
    *(f"light_{axis}" for axis in _AXES), *ATTRIBUTES,
)  # fmt: skip
"""Of the table of faces; an expression's or an attribute's own column is its probability."""


def describe(photo: PhotoReading) -> dict[str, Any]:
    """Return a photo's readings as data that JSON can hold."""
    return {
        "schema_version": SCHEMA_VERSION,
        "input": str(photo.source),
        "input_sha256": photo.sha256,
        "width": photo.width,
        "height": photo.height,
        "outcome": photo.outcome,
        "reason": photo.reason,
        "sheet": None if photo.sheet is None else str(photo.sheet),
        "faces": [describe_face(face, at) for at, face in enumerate(photo.faces, 1)],
    }


def describe_face(reading: FaceReading, number: int = 1) -> dict[str, Any]:
    """Return one face's readings as data; `number` is its place in the photo."""
    face, pose, sharpness = reading.face, reading.pose, reading.sharpness
    expression, appearance = reading.expression, reading.appearance
    return {
        "number": number,
        "box": [round(side, 2) for side in face.box],
        "score": round(face.score, 4),
        "presence": round(face.presence, 4),
        "eye_distance": round(face.eye_distance, 2),
        "pose": {
            "yaw": round(pose.yaw, 2),
            "pitch": round(pose.pitch, 2),
            "roll": round(pose.roll, 2),
        },
        "sharpness": {
            "edge_width": round(sharpness.edge_width, 3),
            "lines": round(sharpness.lines, 1),
        },
        "naturalness": round(reading.naturalness, 3),
        "expression": {
            "name": expression.name,
            "strength": round(expression.strength, 3),
            "probabilities": _named(EXPRESSIONS, expression.probabilities),
        },
        "action_units": _named([str(unit) for unit in ACTION_UNITS], reading.units, 3),
        "light": {
            "name": appearance.light,
            "direction": _direction(appearance.light_vector),
            "strength": round(appearance.strength, 4),
            "probabilities": _named(LIGHT_NAMES, appearance.lights),
        },
        "attributes": {
            name: None if appearance.there[name] is None else chance
            for name, chance in _named(ATTRIBUTES, appearance.attributes).items()
        },
        "identity": None
        if reading.identity is None
        else [round(float(v), 5) for v in reading.identity.vector],
    }


def table_of_faces(photo: PhotoReading) -> list[dict[str, Any]]:
    """Return one flat row of `COLUMNS` per face, for a file that people open in a spreadsheet.

    A file's name may be a formula. One that begins with ``=``, ``+``, ``-`` or ``@``, in any width
    and behind any white space or control characters, is written with ``./`` before it, which no
    spreadsheet computes and which still leads to the file. All other cells are numbers or words of
    the program, and numbers stay numbers, negative ones too.
    """
    rows = []
    for data in describe(photo)["faces"]:
        light = data["light"]
        rows.append(
            {
                "file": _no_formula(str(photo.source)),
                "face": data["number"],
                **dict(zip(_SIDES, data["box"], strict=True)),
                **{key: data[key] for key in ("score", "presence", "eye_distance", "naturalness")},
                **data["pose"],
                **data["sharpness"],
                "expression": data["expression"]["name"],
                "strength": data["expression"]["strength"],
                **data["expression"]["probabilities"],
                **{f"au_{unit}": value for unit, value in data["action_units"].items()},
                "light": light["name"],
                "light_probability": light["probabilities"][light["name"]],
                "light_strength": light["strength"],
                **{f"light_{a}": v for a, v in zip(_AXES, light["direction"], strict=True)},
                **data["attributes"],
            }
        )
    return rows


def _no_formula(path: str) -> str:
    return f"./{path}" if _FORMULA.match(path) else path


def _named(names: Sequence[str], values: np.ndarray, digits: int = 4) -> dict[str, float]:
    return {n: round(float(v), digits) for n, v in zip(names, values, strict=True)}


def _direction(vector: np.ndarray) -> list[float]:
    return [round(float(v), 4) for v in vector / max(float(np.linalg.norm(vector)), 1e-6)]
