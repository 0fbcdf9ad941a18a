from dataclasses import replace
from pathlib import Path

import made_up
import numpy as np
import pytest

from faceedit.faces.align import MOUTH_CORNERS, TEMPLATE
from faceedit.faces.topology import mean_shape
from faceedit.methods.reggan.generator import CROP_SIZE
from faceedit.methods.reggan.material import MARGIN, align_face, make_pair, pair_people
from faceedit.methods.reggan.mouth import TEXTURE_SIZE
from faceedit.methods.reggan.prior import mouth_gap
from faceedit.photos.labelled import LabelledPhoto

PHOTO = LabelledPhoto(Path("a.png"), "a", "happy", 2, "train")


def test_a_face_is_aligned_with_a_margin():
    landmarks = made_up.place(mean_shape(), 150.0, 0.25, (250, 200))
    face = align_face(PHOTO, made_up.draw(landmarks, size=500), landmarks)
    side = CROP_SIZE + 2 * MARGIN
    assert face.pixels.shape == (side, side, 3)
    assert face.pixels.dtype == np.uint8
    mouth = face.landmarks[list(MOUTH_CORNERS), :2].mean(0)
    np.testing.assert_allclose(mouth, TEMPLATE[2] * CROP_SIZE + MARGIN, atol=6)
    eyes = face.landmarks[[33, 263], :2]
    assert abs(eyes[1, 1] - eyes[0, 1]) < 4
    again = made_up.draw(face.landmarks, size=side)
    inside = made_up.draw(face.landmarks, seed=1, size=side) != again
    difference = np.abs(face.pixels.astype(int) - again)[inside]
    assert np.median(difference) < 4


@pytest.mark.parametrize(
    ("smile", "unit", "kept"), [(1.0, 150.0, True), (0.0, 150.0, False), (1.0, 80.0, False)]
)
def test_only_open_mouths_seen_from_near_are_kept(smile, unit, kept):
    landmarks = made_up.place(mean_shape() + smile * made_up.smile(), unit, 0.0, (250, 200))
    face = align_face(PHOTO, made_up.draw(landmarks, size=500), landmarks)
    assert (face.mouth is not None) == kept
    if face.mouth is not None:
        assert face.mouth[0].shape == (*TEXTURE_SIZE, 3)
        assert face.mouth[1].shape == TEXTURE_SIZE


def test_people_with_both_photos_are_paired():
    faces = made_up.people()
    pairs = pair_people(faces[:-1], "happy")
    assert len(pairs) == len(faces) // 2 - 1
    for pair in pairs:
        assert pair.neutral.photo.person == pair.expressive.photo.person
        assert (pair.neutral.photo.expression, pair.expressive.photo.expression) == (
            "neutral",
            "happy",
        )
    assert pair_people(faces, "sad") == []


def test_each_photo_of_a_pair_is_brought_into_the_others_frame():
    for pair, code in zip(made_up.aligned_pairs()[:2], made_up.CODES, strict=False):
        displacement = made_up.smile() + code * made_up.wider()
        np.testing.assert_allclose(pair.displacement, displacement, atol=1e-3)
        assert mouth_gap(pair.expressive_landmarks) > 0.06 > mouth_gap(pair.neutral_landmarks)
        for pixels, landmarks, seed, amount in (
            (pair.expressive_pixels, pair.expressive_landmarks, code, 1.0),
            (pair.neutral_pixels, pair.neutral_landmarks, code, 0.0),
        ):
            index = int(np.flatnonzero(seed == made_up.CODES)[0])
            expected = made_up.draw(landmarks, amount, index).astype(int)
            for point in (205, 425, 9, 17):
                x, y = np.round(landmarks[point, :2]).astype(int)
                wrong = np.abs(pixels[y - 3 : y + 4, x - 3 : x + 4] - expected[
                    y - 3 : y + 4, x - 3 : x + 4
                ])  # fmt: skip
                assert np.median(wrong) <= 4


def test_a_photo_paired_with_itself_stays_as_it_is():
    face = made_up.people()[0]
    pair = make_pair(face, replace(face, photo=PHOTO))
    np.testing.assert_allclose(pair.displacement, 0, atol=1e-5)
    assert np.abs(pair.expressive_pixels.astype(int) - face.pixels).max() <= 1
    raw = pair.raw()
    assert raw.neutral is face.pixels
    assert raw.expressive_landmarks is face.landmarks
