from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
from face_networks import GOLDEN
from PIL import Image

from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step
from faceedit.errors import UsageError
from faceedit.evaluation.edits import (
    NONE,
    SIZE,
    Album,
    Asked,
)
from faceedit.evaluation.gather import (
    Input,
    Reach,
    gather_edited,
    gather_pictures,
    native_mask,
    widest,
)
from faceedit.evaluation.match import PicturePair
from faceedit.faces.types import Face
from faceedit.targets import parse_target

HAPPY, HALF = parse_target(["happy"]), parse_target(["happy:0.5"])


class Remembering:
    """A finder that knows where the astronaut's face is, also where she is there twice."""

    def __init__(self):
        with np.load(GOLDEN) as stored:
            self.landmarks = stored["landmarks"]

    def find(self, pixels):
        height, width = pixels.shape[:2]
        if height < 100:
            return []
        scale = height / 512
        copies = round(width / height)
        shifts = [np.array([at * width / copies, 0, 0]) for at in range(copies)]
        faces = [(self.landmarks * scale + shift).astype(np.float32) for shift in shifts]
        return [Face(landmarks, 1.0, 1.0) for landmarks in faces]


@pytest.fixture
def finder():
    return Remembering()


@pytest.fixture
def photos(tmp_path):
    Image.fromarray(skimage.data.astronaut()).save(tmp_path / "a.png")
    Image.new("RGB", (64, 48)).save(tmp_path / "blank.png")
    (tmp_path / "bad.png").write_bytes(b"no photo")
    return tmp_path


def test_a_method_is_measured_on_what_apply_would_write(finder, photos, make_method):
    editor, album = FaceEditor(finder, (Step(make_method()),)), Album()
    inputs = [
        Input(photos / "a.png", "a.png", "ann", "neutral", (HAPPY, HALF)),
        Input(photos / "blank.png", "blank.png", "bob", targets=(HAPPY,)),
        Input(photos / "bad.png", "bad.png", "cy", targets=(HAPPY,)),
    ]
    failures = [one for one in gather_edited(editor, inputs, album) if one]
    assert [one.name for one in failures] == ["blank.png", "bad.png"]
    assert failures[0].reason == "no face was found"
    assert failures[1].reason
    edits = album.close()
    assert edits.names.tolist() == ["a.png"] * 2
    assert [a.text for a in edits.asked] == ["happy", "happy:0.5"]
    assert edits.before.tolist() == [0, 0]
    assert edits.changed_outside.tolist() == [0, 0]
    assert (edits.sharpness > 1).all()
    assert (edits.seconds > 0).all()
    crops = edits.pictures.crops.astype(int)
    assert crops.shape == (3, SIZE, SIZE, 3)
    # The face is brighter, and brighter still at full strength; the corner is the same pixel.
    means = crops[:, 110:150, 110:150].mean((1, 2, 3))
    assert means[0] < means[2] < means[1]
    np.testing.assert_array_equal(crops[0, :8, :8], crops[1, :8, :8])


def test_the_persons_own_photo_is_found(finder, photos, make_method):
    Image.fromarray(skimage.data.astronaut()[:, ::-1].copy()).save(photos / "smile.png")
    album = Album()
    inputs = [
        Input(photos / "a.png", "a.png", "ann", "neutral", (HAPPY, HALF)),
        Input(photos / "smile.png", "smile.png", "ann", "happy"),
    ]
    assert not any(gather_edited(FaceEditor(finder, (Step(make_method()),)), inputs, album))
    edits = album.close()
    assert edits.real.tolist() == [3, NONE], "only at the plain strength"
    assert edits.pictures.expressions[3] == "happy"


def test_pictures_of_another_size_are_looked_at_in_the_same_frame(finder, photos):
    picture = skimage.data.astronaut()
    large = cv2.resize(picture, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    Image.fromarray(large).save(photos / "large.png")
    Image.fromarray(picture[:300]).save(photos / "cut.png")
    album = Album()
    pairs = [
        PicturePair("a.png", photos / "a.png", photos / "large.png", photos / "a.png"),
        PicturePair("cut", photos / "a.png", photos / "cut.png"),
    ]
    found = list(gather_pictures(finder, pairs, Asked(), album))
    assert found[0] is None
    assert found[1] is not None
    assert "512x300 has not the shape of its photo, 512x512" in found[1].reason
    edits = album.close()
    crops = edits.pictures.crops.astype(float)
    assert np.abs(crops[0] - crops[1])[8:-8, 8:-8].mean() < 3
    shift = edits.pictures.landmarks[1] - edits.pictures.landmarks[0]
    # Pixel centres lie at integers: at 1.5 times the size they are a quarter of a pixel apart.
    assert np.abs(shift[:, :2]).max() < 1
    assert edits.rival.tolist() == [False, True]
    np.testing.assert_array_equal(edits.changed_outside, [np.nan, 0])
    np.testing.assert_array_equal(edits.sharpness, [np.nan, 1])


def test_every_face_counts_and_changes_behind_them_are_seen(finder, photos):
    picture = skimage.data.astronaut()
    two = np.hstack([picture, picture])
    changed = two.copy()
    changed[2:4, 5:10] ^= 255
    Image.fromarray(two).save(photos / "two.png")
    Image.fromarray(changed).save(photos / "changed.png")
    album = Album()
    pairs = [PicturePair("two.png", photos / "two.png", photos / "changed.png")]
    assert list(gather_pictures(finder, pairs, Asked(), album)) == [None]
    edits = album.close()
    assert edits.names.tolist() == ["two.png", "two.png#2"]
    assert edits.people.tolist() == ["two.png", "two.png#2"]
    crops = edits.pictures.crops.astype(int)
    assert np.abs(crops[0] - crops[1]).max() <= 1
    assert edits.changed_outside.tolist() == [10, 10]


def test_the_mask_covers_the_face(finder):
    face = finder.find(skimage.data.astronaut())[0]
    mask = native_mask(face, (512, 512))
    left, top, right, bottom = map(round, face.box)
    assert mask[(top + bottom) // 2, (left + right) // 2] == 1
    assert mask[:20].max() == 0


def test_outside_is_outside_the_region_that_edits_declare(finder, make_method, tmp_path):
    class Light(make_method):
        wide = True

        def edit(self, crops, target):
            return [replace(one, region="head", wide=True) for one in super().edit(crops, target)]

    photo = tmp_path / "a.png"
    Image.fromarray(skimage.data.astronaut()).save(photo)
    inputs, album = [Input(photo, "a", "a", targets=(HAPPY,))], Album()
    assert not any(gather_edited(FaceEditor(finder, (Step(Light()),)), inputs, album))
    assert album.close().changed_outside.tolist() == [0]
    assert widest([]) == Reach("face")


def test_nothing_gathered_is_wrong_usage():
    with pytest.raises(UsageError, match="no edited face"):
        Album().close()


def test_what_was_asked_for():
    half = Asked(HALF)
    assert (half.text, half.expression, half.full) == ("happy:0.5", "happy", False)
    assert not Asked(parse_target("happy:0")).full
    assert Asked().full
    assert Asked(parse_target(["happy:0.5", "sad:0.5"])).expression == ""
