"""Files of a rig that are damaged, or made to harm."""

import json
import os

import numpy as np
import pytest
from toy_rig import write_model

from faceedit.errors import MissingError, UsageError
from faceedit.studio.model import LANDMARKS_FILE, MODEL_FILE, load_face_model
from faceedit.studio.rig import load_rig


@pytest.fixture
def rig(tmp_path):
    write_model(tmp_path)
    return tmp_path


def spoil(rig, name, change):
    with np.load(rig / MODEL_FILE) as arrays:
        kept = dict(arrays)
    kept[name] = change(kept[name])
    np.savez(rig / MODEL_FILE, **kept)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tri", lambda a: a.astype(np.int64) + 10**6),
        ("tri", lambda a: a.astype(np.int64) - 10**6),
        ("tri", lambda a: a[:, :2]),
        ("part", lambda a: a[:-1]),
        ("neutral", lambda a: a * np.nan),
        ("neutral", lambda a: a[:, :2]),
        ("identity_q", lambda a: a[:, :-1]),
        ("expression_q", lambda a: a[:-1]),
        ("expression_names", lambda a: a[:-1]),
        ("q", lambda a: np.array("step")),
        ("q", lambda a: np.array(np.nan)),
    ],
)
def test_a_model_that_compiled_loops_would_run_out_of_is_refused(rig, name, change):
    spoil(rig, name, change)
    with pytest.raises((UsageError, ValueError)):
        load_face_model(rig)
    with pytest.raises(UsageError, match="no sound rig"):
        load_rig(rig)


@pytest.mark.parametrize(
    "places",
    [
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"mp_to_ict_vertex": [NaN]}',
        json.dumps({"mp_to_ict_vertex": [10**9] * 468, "weights": [1] * 468}).encode(),
        json.dumps({"mp_to_ict_vertex": [-1] * 468, "weights": [1] * 468}).encode(),
        json.dumps({"mp_to_ict_vertex": [0] * 468, "weights": ["a"] * 468}).encode(),
        b"\xff",
    ],
    ids=lambda places: ascii(places[:20]),
)
def test_places_that_make_no_sense_are_refused(rig, places):
    (rig / LANDMARKS_FILE).write_bytes(places)
    with pytest.raises(UsageError):
        load_rig(rig)


@pytest.mark.parametrize("name", [MODEL_FILE, LANDMARKS_FILE])
def test_a_pipe_is_not_waited_for(rig, name):
    (rig / name).unlink()
    with pytest.raises(MissingError, match="studio import"):
        load_rig(rig)
    os.mkfifo(rig / name)
    with pytest.raises(UsageError, match=f"{name} cannot be read: it is not a regular file"):
        load_rig(rig)


def test_pickles_are_refused(rig):
    np.savez(rig / MODEL_FILE, neutral=np.array([{}], object))
    with pytest.raises(UsageError, match=f"{MODEL_FILE} cannot be read"):
        load_rig(rig)
