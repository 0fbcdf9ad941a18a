"""Frames of a clip: what moves, what stands still, what is drawn once."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceedit.animation.frames import Reel, open_scene, read_photo_for
from faceedit.animation.poses import Pose, Timing, clip_targets
from faceedit.compose.compose import draw_mask
from faceedit.compose.mask import region_mask
from faceedit.editing.build import EditSettings, open_editor
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step, check_targets
from faceedit.errors import NoFaceError, UsageError
from faceedit.targets import Part, parse_target

HAPPY = parse_target("happy")
LINEAR = [Pose(), Pose(HAPPY, "linear")]


def face_weights(scene):
    """How much of each pixel of a photo belongs to each face."""
    size = scene.pixels.shape[:2]
    return np.array(
        [draw_mask(region_mask("face", c.landmarks, c.size), c.affine, size) for c in scene.crops]
    )


def changes(frames, where):
    return np.array([np.abs(b.astype(int) - a)[where].mean() for a, b in pairwise(frames)])


def test_all_faces_of_a_group_move_evenly_and_nothing_else_does(editor, five):
    scene = open_scene(editor, five, Path("group.png"))
    assert len(scene.faces) == 5
    frames = list(Reel(editor, scene, clip_targets(LINEAR, Timing(0.8, Fraction(10))), threads=2))
    assert len(frames) == 8
    np.testing.assert_array_equal(frames[0], five)
    weights = face_weights(scene)
    for own in weights:
        assert (changes(frames, own > 0.9) > 1).all()
    weight = weights.max(0)
    assert all((frame == five)[weight == 0].all() for frame in frames)
    steps = changes(frames, weight > 0)
    assert steps.max() <= 2 * np.median(steps)


def test_the_shipped_method_moves_evenly(portrait):
    editor = open_editor(EditSettings(HAPPY, device="cpu", edit_shown=True))
    scene = open_scene(editor, portrait, Path("portrait.png"))
    poses = [Pose(parse_target("neutral")), Pose(parse_target("surprised"), "linear")]
    frames = list(Reel(editor, scene, clip_targets(poses, Timing(0.5, Fraction(24)))))
    weight = face_weights(scene).max(0)
    steps = changes(frames, weight > 0)
    assert 0.1 < steps.max() <= 2 * np.median(steps)
    assert all((frame == portrait)[weight == 0].all() for frame in frames)


def test_faces_are_found_once_and_frames_of_one_target_are_drawn_once(
    finder, make_method, astronaut, monkeypatch
):
    method = make_method()
    editor = FaceEditor(finder, (Step(method, (Part.EXPRESSION,)),))
    scene = open_scene(editor, astronaut, Path("a.png"))
    monkeypatch.setattr(type(finder), "find", None)
    targets = clip_targets(LINEAR, Timing(1, Fraction(10), loop=True))
    reel = Reel(editor, scene, targets)
    frames = list(reel)
    assert len(frames) == len(reel) == 10
    # There and back: the photo, four on the way, which come twice, and the smile.
    assert len(method.calls) == 5
    np.testing.assert_array_equal(frames[2], frames[8])
    np.testing.assert_array_equal(frames[5], reel[5])


def test_what_faces_show_is_read_once_except_after_another_step(finder, make_method, astronaut):
    class Calm:
        read_crops = 0

        def read(self, crops, batch):
            self.read_crops += len(crops)
            return [np.zeros(17)] * len(crops)

    muscles = make_method()
    muscles.targets = ("au=12",)
    own, later = Calm(), Calm()
    steps = (
        Step(make_method(), (Part.EXPRESSION,), reader=own),
        Step(muscles, (Part.UNITS,), reader=later),
    )
    editor = FaceEditor(finder, steps)
    scene = open_scene(editor, astronaut, Path("a.png"))
    poses = [Pose(parse_target("happy:0.5 au=12=1")), Pose(parse_target("happy au=12=4"))]
    assert len(list(Reel(editor, scene, clip_targets(poses, Timing(0.5, Fraction(12)))))) == 6
    assert (own.read_crops, later.read_crops) == (1, 6)


def test_several_threads_draw_the_same(editor, astronaut):
    scene = open_scene(editor, astronaut, Path("a.png"))
    targets = clip_targets(LINEAR, Timing(1, Fraction(9)))
    told = []
    one, three = (
        list(Reel(editor, scene, targets, threads, lambda: told.append(1))) for threads in (1, 3)
    )
    np.testing.assert_array_equal(one, three)
    assert len(told) == 2 * 9


def test_a_fault_in_a_frame_ends_the_clip(finder, make_method, astronaut):
    editor = FaceEditor(finder, (Step(make_method(failing=[3])),))
    reel = Reel(
        editor,
        open_scene(editor, astronaut, Path("a.png")),
        clip_targets(LINEAR, Timing(1, Fraction(9))),
        2,
    )
    with pytest.raises(RuntimeError, match="the network broke"):
        list(reel)


def test_what_the_method_does_not_know_is_refused_before_any_frame(editor):
    check_targets(editor.steps, [None, HAPPY])
    with pytest.raises(UsageError, match="does not know sad; it knows neutral, happy"):
        check_targets(editor.steps, [None, HAPPY, parse_target("sad")])


def test_a_photo_is_upright_srgb_of_8_bits_and_not_too_large(tmp_path):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (300, 200), 90).save(path, exif=exif)
    pixels = read_photo_for(path, tmp_path / "a.mp4", 150)
    assert (pixels.shape, pixels.dtype) == ((150, 100, 3), np.uint8)
    for wrong, said in ((tmp_path, "it is a folder"), (tmp_path / "none.jpg", "no such file")):
        with pytest.raises(UsageError, match=said):
            read_photo_for(wrong, tmp_path / "a.mp4", 150)
    with pytest.raises(UsageError, match="the output is the photo itself"):
        read_photo_for(path, path, 150)


def test_no_face(editor):
    with pytest.raises(NoFaceError, match=r"a\.png: no face found in it"):
        open_scene(editor, np.zeros((64, 64, 3), np.uint8), Path("a.png"))
