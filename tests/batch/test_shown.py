from typing import Any

import numpy as np
import pytest

from faceedit.batch.build import EditSettings, open_editor
from faceedit.batch.editor import FaceEditor
from faceedit.batch.guard import Guard
from faceedit.batch.run import RunOptions, run
from faceedit.batch.shown import Shown, shown_strength
from faceedit.batch.stages import HELD_BACK, SHOWN
from faceedit.faces.batching import Batching
from faceedit.photos import plan
from faceedit.recognisers.expression import ExpressionReading
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.registry import open_registry
from faceedit.targets import EXPRESSIONS, parse_target

HAPPY = parse_target(["happy"])


def reading(name="happy", probability=0.9, strength=2.5):
    rest = (1 - probability) / (len(EXPRESSIONS) - 1)
    probabilities = np.array([probability if one == name else rest for one in EXPRESSIONS])
    return ExpressionReading(probabilities, strength, np.zeros(17))


class Fixed:
    """Reads the same of every face, or of each in turn."""

    def __init__(self, *readings):
        self.readings, self.at = readings, 0

    def read(self, crops, batch):
        self.at += 1
        return [self.readings[(self.at - 1) % len(self.readings)] for _ in crops]


def missing(target, *readings):
    crops: list[Any] = [None] * len(readings)
    left = Shown(Fixed(*readings)).missing(crops, parse_target(target.split("+")), Batching())
    return [None if one is None else str(one) for one in left]


def test_how_strongly_an_expression_shows():
    assert shown_strength(reading(), "happy") == 1
    assert shown_strength(reading(), "sad") == 0
    assert shown_strength(reading(probability=0.5), "happy") == 0
    assert shown_strength(reading(strength=1.7), "happy") == 0
    assert shown_strength(reading(strength=1.95), "happy") == pytest.approx(0.5)
    assert shown_strength(reading("neutral", 0.99, 3.0), "neutral") == 0


@pytest.mark.parametrize(
    ("target", "left"),
    [
        ("happy", [None, "happy", "happy", "happy:0.5"]),
        ("happy:0.5", [None, "happy:0.5", "happy:0.5", None]),
        ("happy:1.5", ["happy:0.5", "happy:1.5", "happy:1.5", "happy"]),
        ("happy:0.6+sad:0.5", ["sad:0.5", "happy:0.6", "happy:0.6+sad:0.5", "happy:0.1+sad:0.5"]),
        ("neutral", ["neutral", "neutral", "neutral", "neutral"]),
    ],
)
def test_what_shows_is_taken_off_the_target(target, left):
    readings = (reading(), reading("sad"), reading("neutral", 0.9, 0.1), reading(strength=1.95))
    assert missing(target, *readings) == left


def test_faces_of_one_photo_are_told_apart(finder, make_method, five):
    shown = Shown(Fixed(reading(), reading("sad"), reading(strength=1.95)))
    method = make_method()
    editor = FaceEditor(finder, method, shown=shown)
    plain = FaceEditor(finder, make_method())
    edited, whole = editor.edit_pixels(five, HAPPY), plain.edit_pixels(five, HAPPY)
    assert len(edited.faces) == 5
    strengths = [one["strength"] for one in edited.scores]
    assert strengths == [0, 1, 0.5, 0, 1]
    assert [one["shown"] for one in edited.scores] == [1, 0, 0.5, 1, 0]
    assert {target for _, target in method.calls} == {"happy", "happy:0.5"}
    for face, strength in zip(edited.faces, strengths, strict=True):
        left, top, right, bottom = (int(side) for side in face.box)
        place = np.s_[top:bottom, left:right]
        assert (edited.pixels[place] == five[place]).all() == (strength == 0)
        assert (edited.pixels[place] == whole.pixels[place]).all() == (strength == 1)


def test_a_photo_in_which_all_show_it_is_copied(finder, make_method, folder, tmp_path):
    def run_with(**options):
        editor = FaceEditor(finder, make_method(), **options)
        jobs = plan([folder / "a.png"], tmp_path / "out")
        return next(iter(run(jobs, editor, RunOptions(HAPPY))))

    result = run_with(shown=Shown(Fixed(reading())))
    assert (result.outcome, result.reason) == ("copied", SHOWN)
    assert result.output_sha256 == result.input_sha256
    network = IdentityRecogniser.load(open_registry().checkpoint("identity"))
    held = run_with(shown=Shown(Fixed(reading(strength=1.95))), guard=Guard(1.0, network))
    assert (held.outcome, held.reason) == ("copied", HELD_BACK)
    assert held.faces[0].scores["shown"] == 0.5


def test_a_smile_is_left_and_goes_further_when_asked(astronaut):
    happy, more, sad = (parse_target([term]) for term in ("happy:0.5", "happy:1.5", "sad"))
    editor = open_editor(EditSettings(parse_target(["happy", "sad"]), device="cpu"))
    assert editor.edit_pixels(astronaut, happy).pixels is astronaut
    (further,) = editor.edit_pixels(astronaut, more).scores
    assert 0 < further["strength"] < 1 == further["strength"] + further["shown"]
    (other,) = editor.edit_pixels(astronaut, sad).scores
    assert (other["strength"], other["shown"]) == (1, 0)
