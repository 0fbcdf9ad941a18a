import made_up
import numpy as np
import torch

from faceedit.faces.topology import BROW_OUTLINES, UPPER_INNER_LIP, mean_shape
from faceedit.methods.fields.shape_layer import MovedFaces
from faceedit.methods.reggan.anatomy import (
    CORNER_HEIGHT,
    LOWER_LIP,
    UPPER_LIP,
    WIDE_LIDS,
    settled,
)
from faceedit.methods.reggan.nose import CUPID, NOSE_BASE, SHORT, WINGS, WINGS_RISE

UNIT = 100.0
LID, RIM, FOLD, BROW = 159, 145, 27, 52


def settle(face: np.ndarray, moved: np.ndarray) -> np.ndarray:
    jaws = torch.zeros(1, 20, 2)
    before, after = (torch.from_numpy(one).float()[None] for one in (face, moved[:, :2]))
    return settled(before, MovedFaces(after, jaws, jaws)).landmarks[0].numpy()


def test_a_face_that_keeps_its_mouth_and_lids_stays():
    face = made_up.place(mean_shape(), UNIT)
    np.testing.assert_array_equal(settle(face, face), face[:, :2].astype(np.float32))


def test_corners_of_a_mouth_that_opens_come_down_with_it():
    face = made_up.place(mean_shape(), UNIT)
    moved = face.copy()
    moved[LOWER_LIP, 1] += 30
    after = settle(face, moved)
    gap = after[LOWER_LIP, 1] - after[UPPER_LIP, 1]
    down = after[[61, 291], 1] - face[[61, 291], 1]
    assert (down > 5).all()
    height = (after[[61, 291], 1] - after[UPPER_LIP, 1]) / gap
    assert (np.abs(height - CORNER_HEIGHT) < 0.15).all()
    # The nose does not.
    np.testing.assert_allclose(after[1], face[1, :2], atol=0.5)


def test_a_lip_that_rises_to_the_nose_and_its_wings_are_held_back():
    face = made_up.place(mean_shape(), UNIT)
    moved = face.copy()
    mouth = face[:, 1] > face[NOSE_BASE, 1] + 2
    had = face[CUPID, 1] - face[NOSE_BASE, 1]
    moved[mouth, 1] -= 0.6 * had
    moved[list(WINGS), 1] -= 0.15 * UNIT
    after = settle(face, moved)
    assert 0.5 * had < after[CUPID, 1] - after[NOSE_BASE, 1] < SHORT * had
    rises = face[list(WINGS), 1] - after[list(WINGS), 1]
    assert ((rises > WINGS_RISE * UNIT) & (rises < 0.14 * UNIT)).all()


def test_an_upper_lip_that_is_drawn_up_to_a_box_is_arched():
    face = made_up.place(mean_shape(), UNIT)
    moved = face.copy()
    line = list(UPPER_INNER_LIP)
    moved[line[1:-1], 1] = face[line[5], 1] - 8
    moved[LOWER_LIP, 1] += 12
    after = settle(face, moved)[line]
    share = (after[:, 0] - after[0, 0]) / (after[-1, 0] - after[0, 0])
    along = np.abs(2 * share - 1)
    high = after[0, 1] + share * (after[-1, 1] - after[0, 1]) - after[:, 1]
    assert high[5] > 5
    assert (high[1:-1] / high[5] < 1.2 - along[1:-1] ** 4).all()


def test_lids_that_open_wider_than_peoples_are_held_back():
    face = made_up.place(mean_shape(), UNIT)
    openings = []
    for rise in (2.0, 8.0):
        moved = face.copy()
        moved[LID, 1] -= rise
        after = settle(face, moved)
        openings.append((after[RIM, 1] - after[LID, 1]) / UNIT)
    had = (face[RIM, 1] - face[LID, 1]) / UNIT
    assert had + 0.015 < openings[0] < openings[1] < had + 0.07
    assert openings[1] - max(WIDE_LIDS, had) < 0.6 * (had + 0.08 - max(WIDE_LIDS, had))


def raised(face, by):
    moved = face.copy()
    moved[[n for ring in BROW_OUTLINES for n in ring], 1] -= by
    return moved


def test_brows_over_deep_eyes_rise_less():
    face = made_up.place(mean_shape(), UNIT)
    # Brows come down to what leaves half of the skin between them and the lids.
    deep = raised(face, -0.5 * (face[LID, 1] - face[BROW, 1]))
    rises = [
        face_of[BROW, 1] - settle(face_of, raised(face_of, 6.0))[BROW, 1]
        for face_of in (face, deep)
    ]
    assert rises[0] > 5.5 > 4.5 > rises[1] > 2
    # Inner ends would draw out the shadow beside the nose.
    assert face[55, 1] - settle(face, raised(face, 14.0))[55, 1] < 12


def test_skin_under_a_brow_that_rises_stretches_evenly():
    face = made_up.place(mean_shape(), UNIT)
    moved = raised(face, 6.0)
    moved[224, 1] -= 6
    after = settle(face, moved)
    rise = face[[FOLD, 224, BROW], 1] - after[[FOLD, 224, BROW], 1]
    assert rise[0] < 0.5 and 1 < rise[1] < 5 < rise[2]
    # A lid that closes unfolds, and its fold stays.
    moved = face.copy()
    moved[LID, 1] += 4
    np.testing.assert_allclose(settle(face, moved)[FOLD], face[FOLD, :2], atol=1e-3)


def test_lips_do_not_swell_but_for_what_a_mouth_gets_narrower_by():
    face = made_up.place(mean_shape(), UNIT)
    had = face[UPPER_LIP, 1] - face[0, 1]
    thick = []
    for narrower in (1.0, 0.7):
        moved = face.copy()
        moved[0, 1] -= had
        moved[[61, 291], 0] = face[0, 0] + narrower * (face[[61, 291], 0] - face[0, 0])
        after = settle(face, moved)
        thick.append((after[UPPER_LIP, 1] - after[0, 1]) / had)
    assert 1.1 < thick[0] < 1.7 and thick[0] + 0.1 < thick[1] < 2


def test_closed_mouths_get_neither_wide_nor_thin_nor_hang_and_smiles_stay():
    face = made_up.place(mean_shape(), UNIT)
    middle, corners = face[[UPPER_LIP, LOWER_LIP]].mean(0), [61, 291]
    wide, thick = np.ptp(face[corners, 0]), face[17, 1] - face[LOWER_LIP, 1]

    def shown(down: float, thinner: float = 1.0):
        moved = face.copy()
        moved[corners, 0] = middle[0] + 1.2 * (face[corners, 0] - middle[0])
        moved[corners, 1] += down * UNIT
        moved[17, 1] -= (1 - thinner) * thick
        after = settle(face, moved)
        fall = (after[corners, 1] - face[corners, 1]).mean() / UNIT
        return np.ptp(after[corners, 0]) / wide, fall, (after[17, 1] - after[LOWER_LIP, 1]) / thick

    width, fall, volume = shown(0.06, 0.6)
    assert 1 <= width < 1.08 and 0.03 < fall < 0.057 and 0.75 < volume < 1
    assert shown(-0.08)[0] > 1.19
