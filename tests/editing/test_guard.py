import numpy as np
import pytest

from faceedit.editing.editor import FaceEditor
from faceedit.editing.guard import STEPS, Guard
from faceedit.editing.steps import Step
from faceedit.errors import FaceEditError, UsageError
from faceedit.faces.batching import Batching
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.registry import Registry, packaged_weights
from faceedit.targets import parse_target

HAPPY = parse_target(["happy"])


@pytest.fixture(scope="module")
def network():
    registry = Registry.load([packaged_weights()])
    return IdentityRecogniser.load(registry.checkpoint("identity"))


def identities(editor, pixels):
    return [scores["identity"] for scores in editor.edit_pixels(pixels, HAPPY).scores]


def test_an_edit_that_keeps_the_person_passes_whole(finder, make_method, network, astronaut):
    editor = FaceEditor(finder, (Step(make_method()),), guard=Guard(-1.0, network))
    free = FaceEditor(finder, (Step(make_method()),)).edit_pixels(astronaut, HAPPY)
    held = editor.edit_pixels(astronaut, HAPPY)
    np.testing.assert_array_equal(held.pixels, free.pixels)
    (scores,) = held.scores
    assert scores["strength"] == 1
    assert 0.5 < scores["identity"] < 1
    assert "identity" not in free.scores[0]


def test_the_strength_is_lowered_until_the_person_stays(finder, make_method, network, astronaut):
    def edit(least):
        editor = FaceEditor(finder, (Step(make_method()),), guard=Guard(least, network))
        return editor.edit_pixels(astronaut, HAPPY)

    (full,) = edit(-1.0).scores
    (less,) = edit((1 + full["identity"]) / 2).scores
    assert less["strength"] in STEPS[1:]
    assert less["identity"] >= (1 + full["identity"]) / 2 > full["identity"]
    weaker = FaceEditor(finder, (Step(make_method()),)).edit_pixels(
        astronaut, HAPPY.scaled(less["strength"])
    )
    np.testing.assert_array_equal(edit((1 + full["identity"]) / 2).pixels, weaker.pixels)


def test_where_nothing_passes_the_photo_stays(finder, make_method, network, astronaut):
    edited = FaceEditor(finder, (Step(make_method()),), guard=Guard(1.0, network)).edit_pixels(
        astronaut, HAPPY
    )
    assert edited.pixels is astronaut
    assert edited.edits == ()
    assert edited.scores[0]["strength"] == 0
    assert edited.scores[0]["identity"] < 1


def test_each_face_is_judged_by_itself_in_any_batch(finder, make_method, network, five):
    class Uneven(make_method):
        def edit(self, crops, target):
            edits = super().edit(crops, target)
            dark = [crop.pixels.mean() < 0.4 for crop in crops]
            return [e.scaled(0.01) if d else e for e, d in zip(edits, dark, strict=True)]

    dimmed = five.copy()
    dimmed[:, :360] = dimmed[:, :360] // 2
    results = []
    for size in (1, 4):
        guard = Guard(0.999, network)
        editor = FaceEditor(finder, (Step(Uneven()),), guard=guard, batching=Batching(size))
        results.append(editor.edit_pixels(dimmed, HAPPY))
    np.testing.assert_array_equal(results[0].pixels, results[1].pixels)
    strengths = [scores["strength"] for scores in results[0].scores]
    assert 1.0 in strengths
    assert 0 in strengths or min(strengths) < 1


def test_no_cosine_is_refused(network):
    with pytest.raises(UsageError, match="--min-identity"):
        Guard(1.5, network)


def test_fields_that_are_no_numbers_are_an_error(finder, make_method, astronaut):
    with pytest.raises(FaceEditError, match="answer is not finite"):
        FaceEditor(finder, (Step(make_method(value=float("nan"))),)).edit_pixels(astronaut, HAPPY)
