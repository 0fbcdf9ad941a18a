from typing import Any

import numpy as np
import pytest

from faceedit.batch.result import HELD_BACK, SHOWN
from faceedit.batch.run import RunOptions, run
from faceedit.editing.build import EditSettings, open_editor
from faceedit.editing.editor import FaceEditor
from faceedit.editing.gate import Showing, Shown, how_far
from faceedit.editing.guard import Guard, SamePerson
from faceedit.editing.steps import Step
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
    return ExpressionReading(probabilities, strength)


class Fixed:
    """Reads the same of every face, or of each in turn."""

    def __init__(self, *readings):
        self.readings, self.at = readings, 0

    def read(self, crops, batch):
        self.at += 1
        return [self.readings[(self.at - 1) % len(self.readings)] for _ in crops]


@pytest.mark.parametrize(
    ("target", "one", "far"),
    [
        ("happy", reading(), 1),
        ("happy", reading("sad"), 0),
        ("happy", reading(probability=0.5), 0),
        ("happy", reading(strength=1.6), 0),
        ("happy", reading(strength=1.85), 0.5),
        ("happy:0.5", reading(strength=1.85), 0.5),
        ("happy:0", reading(), 0),
        # Further than faces go is never there already.
        ("happy:1.1", reading(), 0),
        # Each part of a blend would have to be there, and half of a smile is no blend.
        ("happy:0.6+sad:0.4", reading(), 0),
        ("happy:1+sad:0", reading(), 1),
        ("neutral", reading("neutral", 0.99, 3.0), 0),
    ],
)
def test_how_far_a_face_shows_a_target(target, one, far):
    assert how_far(parse_target(target), one) == pytest.approx(far)


def test_what_shows_is_rounded():
    readings = [reading(strength=strength) for strength in (1.6, 1.7, 1.8, 1.9, 2.0, 2.1)]
    crops: list[Any] = [object() for _ in readings]
    shown = Shown(Fixed(*readings)).look(crops, [HAPPY] * len(crops), Batching())
    assert [one.far for one in shown] == [0, 0, 0.5, 0.5, 1, 1]
    assert all(one.is_likely for one in shown)


@pytest.mark.parametrize("target", ["neutral", "happy:1.1", "happy:0.5+neutral:0.5", "happy:0"])
def test_nothing_is_read_where_it_could_not_matter(target):
    reader, crops = Fixed(reading()), [None, None]
    looked: Any = crops
    targets = [parse_target(target)] * 2
    assert Shown(reader).look(looked, targets, Batching()) == [Showing(one) for one in targets]
    assert reader.at == 0


def test_faces_of_one_photo_are_told_apart(finder, make_method, five):
    shown = Shown(Fixed(reading(), reading("sad"), reading(strength=1.85)))
    method = make_method()
    editor = FaceEditor(finder, (Step(method),), shown=shown)
    plain = FaceEditor(finder, (Step(make_method()),))
    edited, whole = editor.edit_pixels(five, HAPPY), plain.edit_pixels(five, HAPPY)
    assert len(edited.faces) == 5
    assert [one["shown"] for one in edited.scores] == [1, 0, 0.5, 1, 0]
    assert [one["strength"] for one in edited.scores] == [0, 1, 0.5, 0, 1]
    assert {target for _, target in method.calls} == {"happy", "happy:0.5"}
    for face, scores in zip(edited.faces, edited.scores, strict=True):
        left, top, right, bottom = (int(side) for side in face.box)
        place = np.s_[top:bottom, left:right]
        assert (edited.pixels[place] == five[place]).all() == (scores["shown"] == 1)
        assert (edited.pixels[place] == whole.pixels[place]).all() == (scores["shown"] == 0)


def test_a_photo_in_which_all_show_it_is_copied(finder, make_method, folder, tmp_path):
    def run_with(**options):
        editor = FaceEditor(finder, (Step(make_method()),), **options)
        jobs = plan([folder / "a.png"], tmp_path / "out")
        return next(iter(run(jobs, editor, RunOptions(HAPPY))))

    result = run_with(shown=Shown(Fixed(reading())))
    assert (result.outcome, result.reason) == ("copied", SHOWN)
    assert result.output_sha256 == result.input_sha256
    network = IdentityRecogniser.load(open_registry().checkpoint("identity"))
    guard = Guard((SamePerson(1.0, network),))
    held = run_with(shown=Shown(Fixed(reading(strength=1.85))), guard=guard)
    assert (held.outcome, held.reason) == ("copied", HELD_BACK)
    assert held.faces[0].scores["shown"] == 0.5


def test_a_smile_is_left_and_goes_further_when_asked(astronaut):
    happy, more, sad = (parse_target([term]) for term in ("happy:0.5", "happy:1.5", "sad"))
    everything = parse_target(["happy", "sad"])
    editor = open_editor(EditSettings(everything, device="cpu"))
    whole = open_editor(EditSettings(everything, device="cpu", edit_shown=True))
    assert editor.edit_pixels(astronaut, happy).pixels is astronaut
    for target in (more, sad):
        edited = editor.edit_pixels(astronaut, target)
        np.testing.assert_array_equal(edited.pixels, whole.edit_pixels(astronaut, target).pixels)
        assert edited.scores[0]["shown"] == 0
