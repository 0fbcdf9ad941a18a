from dataclasses import replace

import cv2
import numpy as np
import pytest
from edits import edit

from faceedit.compose.compose import compose
from faceedit.compose.hair.colour import DARK, QUANTILES, HairColour, Tones, darker
from faceedit.compose.hair.segment import find_hair, mirrored
from faceedit.compose.hair.shares import find_shares
from faceedit.compose.hair.strands import strands
from faceedit.faces.align import BLANK
from faceedit.regions import Region

SIDE = 128
CHROMA = np.column_stack([np.full(7, 5.0), np.linspace(3, 20, 7)]).astype(np.float32)
FAIR = Tones(np.log(np.array([20, 45, 65], np.float32) + DARK), 0.0, CHROMA)


def picture(contrast=5):
    """Strands of black hair above, skin below."""
    rng = np.random.default_rng(0)
    lab = np.empty((SIDE, SIDE, 3), np.float32)
    strands = cv2.GaussianBlur(rng.normal(0, 1, (1, SIDE)).astype(np.float32), (0, 0), 1.0)
    lab[..., 0] = np.maximum(12 + contrast * strands, 2)
    lab[..., 1:] = 1
    lab[64:] = 65, 14, 16
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)


def hair():
    field = np.zeros((SIDE, SIDE), np.float32)
    field[8:64, 8:120] = 1
    return field


def dyed(wanted=FAIR, strength=1.0, spill=None):
    none = np.zeros((SIDE, SIDE), np.float32)
    light = cv2.cvtColor(picture(), cv2.COLOR_RGB2LAB)[hair() > 0][:, 0]
    own = np.percentile(np.log(light + DARK), QUANTILES).astype(np.float32)
    spill = none if spill is None else spill
    return HairColour(
        hair=hair(),
        wisps=none,
        roots=none,
        spill=spill,
        brows=none,
        features=none,
        skin=np.array([65, 14, 16], np.float32),
        own=own,
        wanted=wanted,
        size=SIDE,
        unit=60.0,
        strength=strength,
    )


def made(detail, photo=None):
    mask = np.pad(np.ones((SIDE - 2, SIDE - 2), np.float32), 1)
    photo = np.rint(picture() * 255).astype(np.uint8) if photo is None else photo
    whole = replace(edit(size=SIDE), size=SIDE, details=(detail,), region="crop")
    return photo, compose(photo, whole, np.eye(2, 3), mask)


def lab_of(photo):
    return cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def test_black_hair_becomes_fair_and_keeps_its_strands():
    before, after = made(dyed())
    was, now = (lab_of(one)[20:50, 20:108] for one in (before, after))
    assert abs(float(np.median(now[..., 0])) - 45) < 4
    assert 10 < now[..., 2].mean() < 16
    # Strands are where they were.
    assert np.corrcoef(was[..., 0].ravel(), now[..., 0].ravel())[0, 1] > 0.8
    assert now[..., 0].std() > was[..., 0].std()


def test_nothing_changes_beside_hair_and_nothing_at_all_without_strength():
    before, after = made(dyed())
    np.testing.assert_array_equal(before[72:], after[72:])
    np.testing.assert_array_equal(*made(dyed(strength=0.0)))
    assert not dyed(strength=0.0).paints
    assert dyed().scaled(0.5).strength == 0.5


def test_hue_of_hair_that_lies_on_a_wall_goes_with_it():
    lab = cv2.cvtColor(picture(), cv2.COLOR_RGB2LAB)
    lab[:64, :, 1:] = 20, 30
    lab[64:] = 40, 0, 0
    lab[66:70, 20:108] = 40, 10, 15
    photo = np.rint(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255).astype(np.uint8)
    around = np.zeros((SIDE, SIDE), np.float32)
    around[64:80, 8:120] = 1
    _, left = made(dyed(), photo)
    grey = replace(FAIR, chroma=0 * CHROMA)
    _, gone = made(dyed(grey, spill=around), photo)
    was, now = (np.abs(lab_of(one)[67:69, 40:90, 2]).mean() for one in (left, gone))
    assert now < 0.6 * was
    np.testing.assert_array_equal(photo[80:], gone[80:])


def test_a_blurred_outline_of_black_hair_lies_between_fair_hair_and_skin():
    photo = cv2.GaussianBlur(np.rint(picture() * 255).astype(np.uint8), (0, 0), 1.5)
    detail = replace(dyed(), wisps=np.ones((SIDE, SIDE), np.float32))
    before, after = (
        np.median(lab_of(one)[56:74, 24:104, 0], axis=1) for one in made(detail, photo)
    )
    assert before.min() < 16
    assert after.min() > 36
    assert after.max() < 68


def test_locks_over_a_brow_go_with_the_hair_and_skin_does_not():
    lab = cv2.cvtColor(picture(), cv2.COLOR_RGB2LAB)
    lab[:64, :, 1:] = 10, 60
    lab[8:64, :, 0] += 50
    lab[70:78, 40:60] = 62, 10, 60  # a lock
    lab[70:78, 60:80] = 25, 6, 8  # and the brow beside it
    photo = np.rint(255 * np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)).astype(np.uint8)
    brow = np.zeros((SIDE, SIDE), np.float32)
    brow[68:80, 30:90] = 1
    light = np.log(lab[hair() > 0][:, 0] + DARK)
    own = np.percentile(light, QUANTILES).astype(np.float32)
    dark = Tones(np.log(np.array([8, 14, 22], np.float32) + DARK), 0.0, CHROMA / 10)
    detail = replace(dyed(dark), brows=0.5 * brow, features=brow, own=own)
    _, after = made(detail, photo)
    lock, skin = (slice(72, 76), slice(44, 56)), (slice(72, 76), slice(32, 37))
    assert lab_of(after)[lock][..., 2].mean() < 15
    assert np.abs(lab_of(after)[skin] - lab_of(photo)[skin]).max() < 2


def test_less_strength_goes_less_far():
    before, half = made(dyed(strength=0.5))
    _, whole = made(dyed())
    light = [float(lab_of(one)[20:50, 20:108, 0].mean()) for one in (before, half, whole)]
    assert light[0] + 8 < light[1] < light[2] - 8


@pytest.mark.parametrize("contrast", [0, 5, 9])
def test_strands_of_fair_hair_differ_alike_whatever_the_photo_shows_of_them(contrast):
    photo = np.rint(picture(contrast) * 255).astype(np.uint8)
    light = np.log(lab_of(made(dyed(), photo)[1])[..., 0] + DARK)
    fine = (light - cv2.GaussianBlur(light, (0, 0), 3.6))[20:50, 20:108]
    assert 0.06 < fine.std() < 0.2


def test_grey_hair_is_a_mixture_of_single_strands():
    photo = np.rint(picture(0) * 255).astype(np.uint8)
    made_of = [lab_of(made(dyed(replace(FAIR, mixed=one)), photo)[1]) for one in (0.0, 0.2)]
    even, mixed = (np.abs(np.diff(one[20:50, 20:108, 0], axis=1)).mean() for one in made_of)
    assert mixed > 1.05 * even


def test_bounds_of_the_change_hold():
    _, after = made(dyed(replace(FAIR, gains=(-9.0, 0.0))))
    assert abs(float(np.median(lab_of(after)[20:50, 20:108, 0])) - 12) < 4
    assert FAIR.beside(10.0).level[1] == FAIR.level[1]
    darker = replace(FAIR, per_skin=0.01).beside(30.0)
    np.testing.assert_allclose(darker.level - FAIR.level, -0.2, atol=1e-6)


@pytest.mark.parametrize("size", [64, 128])
def test_hair_is_carried_on_by_its_colour(size):
    pixels = np.full((size, size, 3), 0.75, np.float32)
    pixels[size // 8 : size // 2, size // 4 : 3 * size // 4] = 0.1
    half, most = size // 2, 3 * size // 4
    near = np.zeros((12, half, half), np.float32)
    near[Region.BACKGROUND] = 1
    near[:, : half // 2] = 0
    near[Region.HAIR, : half // 2] = 1
    far = np.full((12, most, most), 1 / 12, np.float32)
    none = np.zeros((size, size), np.float32)
    person = np.where(pixels[..., 0] < 0.5, 1.0, 0.02).astype(np.float32)
    found = find_hair(pixels, none == 0, near, far, person, none, (size / 2, 0.7 * size))
    assert found[size // 6 : size // 3, size // 3 : 2 * size // 3].min() > 0.8
    assert found[: size // 12].max() < 0.2
    near[Region.HAIR] = 0
    assert not find_hair(pixels, none == 0, near, far, person, none, (size / 2, 0.7 * size)).any()


def test_long_hair_is_found_where_a_parser_takes_it_for_clothes():
    size = 128
    rng = np.random.default_rng(1)
    hair = np.zeros((size, size), np.float32)
    hair[20:110, 30:45] = hair[20:50, 30:90] = 1
    strands = cv2.GaussianBlur(rng.normal(0, 1, (1, size)).astype(np.float32), (0, 0), 1.0)
    pixels = np.where(hair[..., None] > 0, (0.2 + 0.1 * strands)[..., None], 0.8)
    pixels = np.repeat(np.clip(pixels, 0, 1), 3, 2).astype(np.float32)
    near, far = np.zeros((12, 64, 64), np.float32), np.zeros((12, 96, 96), np.float32)
    near[Region.HAIR] = hair[32:96, 32:96]
    near[Region.HAIR, 40:] = 0
    near[Region.BACKGROUND] = 1 - near[Region.HAIR]
    far[Region.BACKGROUND, :64] = 1
    far[Region.CLOTHES, 64:] = 1
    person = np.where(np.arange(size)[:, None] > 80, 1.0, hair).astype(np.float32)
    none = np.zeros((size, size), np.float32)
    found = find_hair(pixels, none == 0, near, far, person, none, (48.0, 76.0))
    assert found[84:106, 33:42].min() > 0.6
    assert found[84:106, 60:110].max() < 0.2


def test_a_tail_that_a_neck_parts_from_the_rest_is_hair():
    size = 128
    hair = np.zeros((size, size), np.float32)
    hair[24:60, 40:88] = hair[97:112, 34:46] = 1
    pixels = np.repeat(np.where(hair > 0, 0.15, 0.8)[..., None], 3, 2).astype(np.float32)
    near, far = np.zeros((12, 64, 64), np.float32), np.zeros((12, 96, 96), np.float32)
    for part in (near, far):
        edge = (size - part.shape[1]) // 2
        part[Region.HAIR] = 0.9 * hair[edge : size - edge, edge : size - edge]
        part[Region.BACKGROUND] = 1 - part[Region.HAIR]
    none = np.zeros((size, size), np.float32)
    found = find_hair(pixels, none == 0, near, far, hair, none, (64.0, 84.0))
    assert found[99:110, 37:43].min() > 0.6
    assert found[64:84, 34:94].max() < 0.2


def test_crops_are_filled_with_their_mirror_image():
    pixels = np.full((32, 32, 3), BLANK, np.float32)
    pixels[8:24, 8:24] = np.linspace(0.1, 0.4, 16, dtype=np.float32)[:, None, None]
    filled = mirrored(pixels)
    np.testing.assert_array_equal(filled[8:24, 8:24], pixels[8:24, 8:24])
    np.testing.assert_allclose(filled[7, 12], pixels[9, 12], atol=1e-3)
    assert filled.max() <= 0.4 + 1e-6
    whole = pixels[8:24, 8:24]
    assert mirrored(whole) is whole


def test_strands_run_along_hair():
    size, turn = 128, np.deg2rad(30)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    light = np.sin(0.7 * (x * np.cos(turn) + y * np.sin(turn))).astype(np.float32)
    whole = np.ones_like(light)
    drawn = strands(light, whole, 60.0, np.eye(2, 3), size)[32:96, 32:96, 0]
    down, across = np.gradient(drawn)
    along = np.abs(-np.sin(turn) * across + np.cos(turn) * down).mean()
    assert along < 0.4 * np.abs(np.cos(turn) * across + np.sin(turn) * down).mean()


def test_a_hat_whose_sides_pass_for_hair_is_no_hair():
    size = 128
    pixels = np.full((size, size, 3), 0.75, np.float32)
    pixels[20:60, 32:96] = 0.2, 0.3, 0.25
    near, far = np.zeros((12, 64, 64), np.float32), np.zeros((12, 96, 96), np.float32)
    near[Region.CLOTHES, :16] = near[Region.HAIR, 16:28, :20] = 1
    near[Region.BACKGROUND] = 1 - near.sum(0)
    far[:, 16:80, 16:80] = near
    person = np.where(pixels[..., 0] < 0.5, 1.0, 0.02).astype(np.float32)
    none = np.zeros((size, size), np.float32)
    assert not find_hair(pixels, none == 0, near, far, person, none, (48.0, 76.0)).any()
    pixels[48:60, 32:52] = 0.5, 0.3, 0.1
    assert (
        find_hair(pixels, none == 0, near, far, person, none, (48.0, 76.0))[50:58, 35:50].min()
        > 0.5
    )


def test_skin_in_the_shade_is_no_hair_of_a_temple():
    size = 128
    rng = np.random.default_rng(0)
    pixels = np.full((size, size, 3), 0.8, np.float32)
    pixels[24:56, 36:92] = rng.choice([0.06, 0.2], (32, 56, 1), p=(0.7, 0.3))
    pixels[56:100, 40:88] = rng.choice([0.2, 0.4], (44, 48, 1))
    pixels[56:68, 40:48] = 0.2
    near = np.zeros((12, 64, 64), np.float32)
    near[Region.HAIR, :24, 4:60] = near[Region.SKIN, 24:, 8:56] = 1
    near[Region.HAIR, 24:36, 8:16], near[Region.SKIN, 24:36, 8:16] = 0.3, 0.7
    near[Region.BACKGROUND] = 1 - near.sum(0)
    far = np.pad(near, ((0, 0), (16, 16), (16, 16)))
    far[Region.BACKGROUND] = 1 - far[1:].sum(0)
    none = np.zeros((size, size), np.float32)
    person = (pixels[..., 0] < 0.7).astype(np.float32)
    found = find_hair(pixels, none == 0, near, far, person, none, (70.0, 100.0))
    assert found[28:50, 42:86].mean() > 0.9
    assert found[60:66, 42:46].mean() < 0.5


def test_skin_and_not_brows_goes_on_under_locks():
    hair, wisps, brows, none = np.zeros((4, SIDE, SIDE), np.float32)
    hair[:40] = wisps[:64] = brows[64:80] = 1
    lab = np.full((SIDE, SIDE, 3), (65, 14, 16), np.float32)
    lab[hair > 0], lab[brows > 0] = (12, 1, 1), (15, 3, 3)
    lab[40:64, ::2] = 12, 1, 1
    seen = [find_shares(lab, hair, wisps, none, one, 60.0) for one in (none, brows)]
    dark, light = (float(one.behind[52:62, 20:108, 0].mean()) for one in seen)
    assert dark + 3 < light


def test_brows_and_beards_are_where_skin_is_darkened():
    hair = np.zeros((60, 60), np.float32)
    hair[24:36] = 1
    light = np.full((60, 60), 70, np.float32)
    light[30, 10:20] = 30
    dark = darker(light, hair, 100.0)
    assert dark[30, 12:18].min() > 0.9 and dark[30, 30:].max() < 0.1
    # Deep in a beard there is no skin to tell by.
    assert darker(light, np.ones_like(hair), 100.0).min() == 1
