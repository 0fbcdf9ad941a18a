import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faceedit.analysis.record import COLUMNS, describe, describe_face, table_of_faces
from faceedit.analysis.run import PhotoReading
from faceedit.analysis.words import (
    attribute_words,
    expression_words,
    light_words,
    main_units,
    pose_words,
    table_rows,
)
from faceedit.faces.pose import HeadPose
from faceedit.recognisers.appearance import LIGHT_NAMES, AppearanceReading
from faceedit.recognisers.expression import ExpressionReading
from faceedit.targets import ACTION_UNITS, ATTRIBUTES, EXPRESSIONS

KEYS = [
    "schema_version", "input", "input_sha256", "width", "height", "outcome", "reason", "sheet",
    "faces",
]  # fmt: skip
FACE_KEYS = [
    "number", "box", "score", "presence", "eye_distance", "pose", "sharpness", "naturalness",
    "expression", "action_units", "light", "attributes", "identity",
]  # fmt: skip


def photo_of(*readings):
    return PhotoReading(Path("a.png"), "analyzed", "", readings, 512, 512, "ab" * 32)


def test_the_schema_is_the_same_for_every_photo(astronaut_reading):
    nameless = replace(astronaut_reading, identity=None)
    data = json.loads(json.dumps(describe(photo_of(astronaut_reading, nameless)), allow_nan=False))
    failed = describe(PhotoReading(Path("b.png"), "failed", "it is empty"))
    assert list(data) == list(failed) == KEYS
    first, second = data["faces"]
    assert list(first) == list(second) == FACE_KEYS
    assert (first["number"], second["number"]) == (1, 2)
    assert len(first["identity"]) == 256
    assert second["identity"] is None
    assert list(first["pose"]) == ["yaw", "pitch", "roll"]
    assert list(first["sharpness"]) == ["edge_width", "lines"]
    assert list(first["expression"]) == ["name", "strength", "probabilities"]
    assert tuple(first["expression"]["probabilities"]) == EXPRESSIONS
    assert list(first["action_units"]) == [str(unit) for unit in ACTION_UNITS]
    assert list(first["light"]) == ["name", "direction", "strength", "probabilities"]
    assert tuple(first["light"]["probabilities"]) == LIGHT_NAMES
    assert np.linalg.norm(first["light"]["direction"]) == pytest.approx(1, abs=1e-3)
    assert tuple(first["attributes"]) == ATTRIBUTES


def test_a_row_per_face_with_all_columns(astronaut_reading):
    rows = table_of_faces(photo_of(astronaut_reading, astronaut_reading))
    assert [tuple(row) for row in rows] == [COLUMNS, COLUMNS] or [set(row) for row in rows] == [
        set(COLUMNS)
    ] * 2
    data = describe(photo_of(astronaut_reading))["faces"][0]
    assert rows[0]["file"] == "a.png"
    assert [row["face"] for row in rows] == [1, 2]
    assert rows[0]["right"] == data["box"][2]
    assert rows[0]["au_12"] == data["action_units"]["12"]
    assert rows[0]["happy"] == data["expression"]["probabilities"]["happy"]
    assert rows[0]["young"] == data["attributes"]["young"]
    assert rows[0]["light_probability"] == max(data["light"]["probabilities"].values())
    assert table_of_faces(PhotoReading(Path("b.png"), "no face")) == []


@pytest.mark.parametrize(
    "start", [*"=+-@\t\r\n\x1b\uff1d\uff0b\uff0d\uff20", " =", '"=', "'=", "\u00a0-", "\x00@"]
)
def test_no_cell_is_a_formula(astronaut_reading, start):
    name = f"{start}1+cmd|' /C calc'!A0.jpg"
    photo = replace(photo_of(astronaut_reading), source=Path(name))
    (row,) = table_of_faces(photo)
    assert row["file"] == f"./{name}"
    assert Path(row["file"]) == photo.source
    (plain,) = table_of_faces(replace(photo, source=Path("a", name)))
    assert plain["file"] == f"a/{name}"
    words = {key for key, value in row.items() if isinstance(value, str)}
    assert words == {"file", "expression", "light"}


def expression(strength=2.0, **chances):
    return ExpressionReading(np.array([chances.get(name, 0.0) for name in EXPRESSIONS]), strength)


def appearance(light="left", vector=(-0.6, 0.0, 0.0), **chances):
    lights = np.array([0.9 if name == light else 0.005 for name in LIGHT_NAMES])
    attributes = np.array([chances.get(name, 0.1) for name in ATTRIBUTES])
    confidence = np.maximum(attributes, 1 - attributes)
    return AppearanceReading(
        np.zeros((2, 2), np.uint8), lights, np.array(vector), attributes, confidence
    )


def test_words_of_an_expression():
    assert expression_words(expression(2.2, happy=0.97, neutral=0.03)) == "clearly happy 97%"
    assert expression_words(expression(0.1, neutral=0.6, sad=0.4)) == "neutral 60%, sad 40%"
    assert expression_words(expression(3.0, angry=0.9)) == "extremely angry 90%"
    shown = {12: 3.4, 6: 4.0, 25: 0.9, 1: 1.0}
    units = np.array([shown.get(unit, 0.0) for unit in ACTION_UNITS])
    assert main_units(units) == [(6, 4.0), (12, 3.4), (1, 1.0)]
    assert main_units(units, 1) == [(6, 4.0)]


def test_words_of_an_appearance():
    assert light_words(appearance("slight_left")) == "slight left 90%, strength 0.60"
    man = appearance(male=0.9, young=0.2, brown_hair=0.7, black_hair=0.6, beard=0.8)
    assert attribute_words(man) == ["male", "not young", "brown hair", "beard"]
    woman = appearance(young=0.8, bald=0.9, blond_hair=0.8, eyeglasses=0.99)
    assert attribute_words(woman) == ["female", "young", "bald", "eyeglasses"]


def test_unsure_attributes_are_not_said(astronaut_reading):
    unsure = appearance(male=0.6, young=0.9, bald=0.65, beard=0.75)
    assert attribute_words(unsure) == ["young", "beard"]
    found = describe_face(replace(astronaut_reading, appearance=unsure))["attributes"]
    assert found["male"] is None and found["bald"] is None and found["beard"] == 0.75


def test_words_of_a_pose():
    assert pose_words(HeadPose(1, -2, 3)) == "straight"
    assert pose_words(HeadPose(-21, 5, 0)) == "turned left 21°, up 5°"
    assert pose_words(HeadPose(30, -9, -12)) == "turned right 30°, down 9°, tilted left 12°"


def test_a_table_has_all_readings(astronaut_reading):
    units = np.where(np.array(ACTION_UNITS) == 12, 3.4, 0.0)
    reading = replace(
        astronaut_reading,
        expression=expression(2.0, happy=1.0),
        units=units,
        appearance=appearance(),
    )
    rows = dict(table_rows(reading))
    assert list(rows) == [
        "box", "expression", "action units", "light", "attributes", "pose", "naturalness",
        "sharpness",
    ]  # fmt: skip
    assert rows["action units"] == "12 lip corner puller 3.4"
    assert rows["expression"] == "clearly happy 100%"
    at_rest = replace(reading, units=np.zeros(len(ACTION_UNITS)))
    assert dict(table_rows(at_rest))["action units"] == "none"
