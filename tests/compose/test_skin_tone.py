from dataclasses import replace

import cv2
import numpy as np
from edits import edit

from faceedit.compose.compose import compose
from faceedit.compose.skin_tone import SkinTone

SIDE = 128


def picture():
    """Skin with shade across it, a strand of black hair, and a wall on the right."""
    lab = np.empty((SIDE, SIDE, 3), np.float32)
    lab[..., 0] = np.linspace(40, 70, SIDE)[:, None]
    lab[..., 1:] = 14, 20
    lab[60:64] = 5, 1, 1
    lab[:, 96:] = 80, -20, 10
    return np.rint(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255).astype(np.uint8)


def toned(gain, strength=1.0):
    skin = np.zeros((SIDE, SIDE), np.float32)
    skin[8:120, 8:92] = 1
    chroma = np.array([0.7, 0.7], np.float32)
    detail = SkinTone(skin, 55.0, gain, chroma, SIDE, 60.0).scaled(strength)
    mask = np.pad(np.ones((SIDE - 2, SIDE - 2), np.float32), 1)
    whole = replace(edit(size=SIDE), size=SIDE, details=(detail,), region="crop")
    return compose(picture(), whole, np.eye(2, 3), mask)


def lab_of(photo):
    return cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def test_skin_becomes_paler_and_keeps_its_shade():
    before, after = lab_of(picture()), lab_of(toned(0.3))
    skin = (slice(16, 52), slice(16, 84))
    assert after[skin][..., 0].mean() > before[skin][..., 0].mean() + 3
    np.testing.assert_allclose(after[skin][..., 2].mean(), 14, atol=1)
    assert (np.diff(after[skin][..., 0].mean(1)) > 0).mean() > 0.9
    assert lab_of(toned(-0.3))[skin][..., 0].mean() < before[skin][..., 0].mean() - 3


def test_hair_on_skin_and_what_lies_beside_it_stay():
    photo, after = picture(), toned(0.3)
    assert np.abs(after[61:63, 16:84].astype(int) - photo[61:63, 16:84]).max() < 6
    np.testing.assert_array_equal(after[:, 100:], photo[:, 100:])


def test_strength_is_the_share_of_the_way_and_0_changes_nothing():
    np.testing.assert_array_equal(toned(0.3, 0.0), picture())
    light = [lab_of(toned(0.3, share))[20:50, 16:84, 0].mean() for share in (0.0, 0.5, 1.0)]
    assert light[0] + 1 < light[1] < light[2] - 1
