"""Hair that was found in part."""

import cv2
import numpy as np

from faceedit.compose.hair.joined import join_hair
from faceedit.compose.hair.spread import spread_hair

SIZE, UNIT = 128, 36.0
HAIR, SKIN = 0.1, 0.6


def face(*darker):
    """Hair above, skin below, boxes of the hair's colour on it; and what of the hair is found."""
    noise = np.random.default_rng(0).normal(0, 0.02, (SIZE, SIZE, 1)).astype(np.float32)
    hair = np.zeros((SIZE, SIZE, 1), np.float32)
    hair[:50] = 1
    for box in darker:
        hair[box] = 1
    found = np.zeros((SIZE, SIZE), np.float32)
    found[:48] = 1
    return np.repeat(SKIN + hair * (HAIR - SKIN) + noise, 3, 2), found


def test_hair_goes_down_a_lock():
    lock = np.s_[50:60, 50:70]
    pixels, found = face(lock)
    none, photo = np.zeros_like(found), found >= 0
    spread = spread_hair(found, pixels, photo, (found, none), UNIT)
    assert found[lock].max() == 0
    assert spread[52:58, 54:66].min() > 0.8
    assert spread[52:, :44].max() < 0.2


def test_hair_takes_no_brow_unless_a_lock_hides_it():
    brow = np.s_[52:58, 30:66]
    pixels, found = face(np.s_[50:58, 30:50])
    pixels[brow] = pixels[0, 0]
    brows, photo = np.zeros_like(found), found >= 0
    brows[52:58, 30:110] = 1
    assert spread_hair(found, pixels, photo, (found, brows), UNIT)[53:57, 34:46].max() < 0.2
    brows[52:58, 48:] = 0
    assert spread_hair(found, pixels, photo, (found, brows), UNIT)[53:57, 34:46].min() > 0.8


def test_a_hole_is_filled_where_the_parser_sees_hair():
    pixels, found = face()
    told, none, hole = found.copy(), np.zeros_like(found), np.s_[20:25, 60:66]
    pixels[hole], found[hole] = 0.9, 0
    photo = found >= 0
    assert spread_hair(found, pixels, photo, (told, none), UNIT)[hole].min() > 0.8
    assert spread_hair(found, pixels, photo, (found, none), UNIT)[hole].mean() < 0.5


def test_what_a_network_sees_of_hair_is_joined_to_what_rules_see():
    size = 96
    y, x = np.mgrid[:size, :size] / size
    hair = (x > 0.25) & (x < 0.42) & (y < 0.9) | (x > 0.25) & (x < 0.75) & (y > 0.1) & (y < 0.4)
    pixels = np.repeat(np.where(hair, 0.15, 0.75)[..., None], 3, 2).astype(np.float32)
    everywhere = np.ones((size, size), bool)
    # Rules see the crown; the network sees all, but not where it ends.
    ruled = np.where(hair & (y < 0.4), 0.98, 0.02).astype(np.float32)
    learned = cv2.GaussianBlur(np.where(hair, 0.95, 0.05).astype(np.float32), (0, 0), 3)
    found = join_hair(pixels, everywhere, ruled, learned)
    inner = cv2.erode(hair.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert found[inner].min() > 0.6
    assert found[(x > 0.5) & (y > 0.5)].max() < 0.3
    # Where neither is sure, rules stand.
    unsure = np.full_like(ruled, 0.3)
    assert join_hair(pixels, everywhere, unsure, unsure) is unsure
