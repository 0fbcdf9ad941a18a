from dataclasses import replace

import numpy as np
import pytest
from toys import toy_crop, toy_model

from faceedit.studio.quality import REASONS, refuse
from faceedit.studio.subject import fit_subject

SIZE = 128


@pytest.fixture(scope="module")
def subject():
    return fit_subject(toy_model(), toy_crop(SIZE))


def valid(share=1.0):
    seen = np.ones((SIZE, SIZE), bool)
    seen[: round((1 - share) * SIZE)] = False
    return seen


def of_photo(subject, scale):
    """The same crop, cut out of a photo with `scale` crop pixels per photo pixel."""
    affine = np.array([[scale, 0, 0], [0, scale, 0]])
    return replace(subject, crop=replace(subject.crop, affine=affine))


def test_a_good_photo_is_taken(subject):
    assert refuse(subject, valid(), occluded=False) is None
    assert refuse(of_photo(subject, 0.5), valid(0.75), occluded=False) is None


@pytest.mark.parametrize("reason", [r for r in REASONS if r != "turned too far"])
def test_each_reason_is_found(subject, reason):
    seen, occluded = valid(), False
    if reason == "occluded":
        occluded = True
    elif reason == "small":
        subject = of_photo(subject, 1.3)
    elif reason == "cut off":
        seen = valid(0.7)
    elif reason == "turned":
        turned = toy_crop(SIZE, turn=np.deg2rad(45))
        subject = replace(subject, crop=turned)
    elif reason == "not fitted":
        subject = replace(subject, residual=0.03)
    elif reason == "mouth open":
        subject = replace(subject, gap=0.25)
    assert refuse(subject, seen, occluded=occluded) == reason
    assert REASONS[reason]


def test_landmarks_of_no_face_are_not_fitted():
    crop = toy_crop(SIZE)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05 * SIZE / 2.8, crop.landmarks.shape).astype(np.float32)
    broken = fit_subject(toy_model(), replace(crop, landmarks=crop.landmarks + noise))
    assert refuse(broken, valid(), occluded=False) == "not fitted"


def test_an_open_mouth_is_told_last(subject):
    # The caller may still lead another face to it, but not to a face that was not fitted.
    both = replace(subject, gap=0.25, residual=0.03)
    assert refuse(both, valid(), occluded=False) == "not fitted"
