"""Edits that nobody sees: they are told of, and not made where the face shows the target."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from edits import nothing

from faceedit.batch.manifest import Manifest
from faceedit.batch.result import SHOWN, FaceResult, describe, read_result
from faceedit.batch.run import RunOptions, run
from faceedit.editing.editor import FaceEditor
from faceedit.editing.gate import Shown
from faceedit.editing.guard import hold_nothing
from faceedit.editing.scores import FAINT_MOVED, FAINT_RELIT, are_faint
from faceedit.editing.steps import Step
from faceedit.photos import plan
from faceedit.recognisers.expression import ExpressionReading
from faceedit.targets import EXPRESSIONS, parse_target

HAPPY = parse_target(["happy"])
LITTLE = {"shift": 0.1, "value": 0.01}
"""A method that moves faces by 0.004 eye distances, and relights them by a hundredth."""


class Reader:
    """Reads one expression of every face, weak, and likely or not."""

    def __init__(self, probability):
        rest = (1 - probability) / (len(EXPRESSIONS) - 1)
        numbers = [probability if name == "happy" else rest for name in EXPRESSIONS]
        self.reading = ExpressionReading(np.array(numbers), 1.0)

    def read(self, crops, batch):
        return [self.reading] * len(crops)


class Weakener:
    """A guard that lets little of any edit pass."""

    def hold(self, steps, crops, targets, batching, photos):
        weaker = [target.scaled(0.1) for target in targets]
        return hold_nothing(steps, crops, weaker, batching)


@pytest.mark.parametrize(
    ("moved", "relit", "strength", "faint"),
    [
        (0.9, 0.9, 1, True),
        (1.1, 0.9, 1, False),
        (0.9, 1.1, 1, False),
        # Less was asked for, or more.
        (0.6, 0.6, 0.5, False),
        (0.4, 0.4, 0.5, True),
        (1.4, 1.4, 1.5, True),
        # Seventeen action units are one edit.
        (1.6, 1.4, 17, False),
        (0.0, 0.0, 0, False),
    ],
)
def test_what_is_faint_depends_on_what_was_asked(moved, relit, strength, faint):
    scores = {"moved": moved * FAINT_MOVED, "relit": relit * FAINT_RELIT}
    assert are_faint((nothing(),), scores, strength) is faint


def test_paint_is_seen():
    painted = replace(nothing(), opacity=np.ones((2, 2), np.float32))
    assert not are_faint((painted,), {"moved": 0.0, "relit": 0.0}, 1.0)


@pytest.mark.parametrize(("method", "faint"), [(LITTLE, True), ({}, False)])
def test_a_face_that_hardly_changes_is_told_of(
    finder, make_method, folder, tmp_path, method, faint
):
    jobs = plan([folder / "a.png"], tmp_path / "out")
    manifest = Manifest(tmp_path / "out", {"settings": {"target": "happy"}})
    editor = FaceEditor(finder, (Step(make_method(**method)),))
    with manifest.opened(jobs):
        (result,) = run(jobs, editor, RunOptions(HAPPY), manifest)
    assert result.outcome == "edited"
    assert [face.faint for face in result.faces] == [faint]
    said = "1 of 1 edited faces changed too little to be seen"
    assert (said in result.notes) is result.is_faint is faint
    assert read_result(result.job, describe(result)).faces == result.faces
    (again,) = run(jobs, editor, RunOptions(HAPPY), Manifest(tmp_path / "out", manifest.settings))
    assert again.resumed
    assert again.is_faint is faint


def test_lines_from_before_say_nothing_of_it():
    face = FaceResult((0, 0, 9, 9), 1.0, 1.0, {}, "edited").to_json()
    del face["faint"]
    assert not FaceResult.from_json(face).faint


@pytest.mark.parametrize(
    ("method", "probability", "shown", "faint"),
    [
        # It smiles, however weakly, and the method has nothing to add.
        (LITTLE, 0.8, 1, False),
        # It does not smile, and the method fails.
        (LITTLE, 0.3, 0, True),
        # It smiles, and the method makes more of it.
        ({}, 0.8, 0, False),
    ],
)
def test_who_shows_it_and_would_hardly_change_is_left_alone(
    finder, make_method, astronaut, method, probability, shown, faint
):
    shows = Shown(Reader(probability))
    editor = FaceEditor(finder, (Step(make_method(**method)),), shown=shows)
    edited = editor.edit_pixels(astronaut, HAPPY)
    assert [one["shown"] for one in edited.scores] == [shown]
    assert edited.faint == (faint,)
    assert (edited.pixels is astronaut) is bool(shown)


def test_a_photo_of_such_faces_is_copied(finder, make_method, folder, tmp_path):
    editor = FaceEditor(finder, (Step(make_method(**LITTLE)),), shown=Shown(Reader(0.8)))
    (result,) = run(plan([folder / "a.png"], tmp_path / "out"), editor, RunOptions(HAPPY))
    assert (result.outcome, result.reason, result.notes) == ("copied", SHOWN, ())


def test_what_the_guard_took_counts_as_asked(finder, make_method, astronaut):
    weakener: Any = Weakener()
    method = make_method(value=0.1)
    edited = FaceEditor(finder, (Step(method),), guard=weakener).edit_pixels(astronaut, HAPPY)
    assert edited.scores[0]["strength"] == pytest.approx(0.1)
    assert edited.faint == (True,)
