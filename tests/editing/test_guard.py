from typing import Any, cast

import cv2
import numpy as np
import pytest

from faceedit.editing.editor import FaceEditor
from faceedit.editing.guard import STEPS, AsNatural, Guard, SamePerson, edited_face
from faceedit.editing.steps import Step, moved
from faceedit.errors import FaceEditError, UsageError
from faceedit.faces.align import extract_crop, invert, transform_landmarks
from faceedit.faces.batching import Batching
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.recognisers.naturalness import NaturalnessReading
from faceedit.registry import Registry, packaged_weights
from faceedit.targets import parse_target

HALF = np.array([0.5, 0.5, 0.0])
HAPPY = parse_target(["happy"])


@pytest.fixture(scope="module")
def network():
    registry = Registry.load([packaged_weights()])
    return IdentityRecogniser.load(registry.checkpoint("identity"))


def identities(editor, pixels):
    return [scores["identity"] for scores in editor.edit_pixels(pixels, HAPPY).scores]


def test_an_edit_that_keeps_the_person_passes_whole(finder, make_method, network, astronaut):
    editor = FaceEditor(finder, (Step(make_method()),), guard=Guard((SamePerson(-1.0, network),)))
    free = FaceEditor(finder, (Step(make_method()),)).edit_pixels(astronaut, HAPPY)
    held = editor.edit_pixels(astronaut, HAPPY)
    np.testing.assert_array_equal(held.pixels, free.pixels)
    (scores,) = held.scores
    assert scores["strength"] == 1
    assert 0.5 < scores["identity"] < 1
    assert "identity" not in free.scores[0]


def test_the_strength_is_lowered_until_the_person_stays(finder, make_method, network, astronaut):
    def edit(least):
        guard = Guard((SamePerson(least, network),))
        editor = FaceEditor(finder, (Step(make_method()),), guard=guard)
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
    guard = Guard((SamePerson(1.0, network),))
    edited = FaceEditor(finder, (Step(make_method()),), guard=guard).edit_pixels(astronaut, HAPPY)
    assert edited.pixels is astronaut
    assert edited.edits == ()
    assert edited.scores[0]["strength"] == 0
    assert edited.scores[0]["identity"] < 1


def test_the_face_is_judged_as_it_will_be_in_the_photo(finder, make_method, network, astronaut):
    editor = FaceEditor(finder, (Step(make_method()),), guard=Guard((SamePerson(-1.0, network),)))
    edited = editor.edit_pixels(astronaut, HAPPY)
    (face,) = edited.faces
    before = editor.cut(astronaut, face)
    (edits,) = edited.edits
    seen = edited_face(astronaut, before, edits)
    # Aligned anew, with the landmarks that the edit moved.
    landmarks = transform_landmarks(moved(before, edits).landmarks, invert(before.affine))
    after = extract_crop(edited.pixels, landmarks, before.size)
    assert np.abs(seen.pixels - after.pixels).max() < 0.02
    one, other = network.read([before, after], 2)
    assert edited.scores[0]["identity"] == pytest.approx(one.cosine(other), abs=0.01)
    # One that is far finer than the crop is composed smaller.
    finer = cv2.resize(astronaut, None, fx=12, fy=12, interpolation=cv2.INTER_CUBIC)
    points = (face.landmarks + HALF) * 12 - HALF
    fine = edited_face(finer, extract_crop(finer, points.astype(np.float32), before.size), edits)
    assert np.abs(fine.pixels - seen.pixels).mean() < 0.015


def test_a_face_must_not_look_less_natural(finder, make_method, astronaut):
    class Counted:
        """Rates a photo 7, and each face that it sees after an edit 1 more than the one before."""

        def __init__(self, *scores):
            self.scores = iter((7.0, *scores))

        def read(self, crops, batch):
            return [NaturalnessReading(next(self.scores)) for _ in crops]

    def edit(least, *scores):
        network: Any = Counted(*scores)
        guard = Guard((AsNatural(least, network),))
        (scores,) = (
            FaceEditor(finder, (Step(make_method()),), guard=guard)
            .edit_pixels(astronaut, HAPPY)
            .scores
        )
        return scores["held"], scores["naturalness"]

    assert edit(6.0, 6.5) == (1.0, 6.5)
    assert edit(6.0, 5.5, 6.5) == (0.8, 6.5)
    # What had less before must not lose more.
    assert edit(9.0, 6.9, 7.0) == (0.8, 7.0)
    assert edit(6.0, *[5.0] * 5) == (0.0, 5.0)
    with pytest.raises(UsageError, match="--min-naturalness"):
        AsNatural(11, cast(Any, Counted()))


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
        guard = Guard((SamePerson(0.999, network),))
        editor = FaceEditor(finder, (Step(Uneven()),), guard=guard, batching=Batching(size))
        results.append(editor.edit_pixels(dimmed, HAPPY))
    np.testing.assert_array_equal(results[0].pixels, results[1].pixels)
    strengths = [scores["strength"] for scores in results[0].scores]
    assert 1.0 in strengths
    assert 0 in strengths or min(strengths) < 1


def test_no_cosine_is_refused(network):
    with pytest.raises(UsageError, match="--min-identity"):
        SamePerson(1.5, network)


def test_fields_that_are_no_numbers_are_an_error(finder, make_method, astronaut):
    with pytest.raises(FaceEditError, match="answer is not finite"):
        FaceEditor(finder, (Step(make_method(value=float("nan"))),)).edit_pixels(astronaut, HAPPY)
