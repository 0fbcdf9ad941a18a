from dataclasses import replace

import cv2
import numpy as np
import pytest
from toy_folds import folded_atlas, folded_model, folded_subject

from faceedit.studio.fold_atlas import FoldChoice, draw_fold_choice
from faceedit.studio.folds import fold_log_ratio, fold_removal
from faceedit.studio.lines import LINES, lined_ness, luma_band
from faceedit.studio.motion_shading import shading_log_ratio

CHOICE = FoldChoice()


@pytest.fixture(scope="module")
def subject():
    return folded_subject()


def folds(subject, choice=CHOICE, *, bare=None, lined=0.5, **weights):
    target = subject.posed(subject.expression + folded_model().weights(**weights))
    return fold_log_ratio(subject, target, folded_atlas(), choice, bare, lined=lined), target


def speckled(strength, seed=0):
    """The face with skin as coarse as given."""
    plain = folded_subject()
    noise = np.random.default_rng(seed).normal(0, 1, plain.crop.pixels.shape[:2])
    skin = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 0.7)[..., None]
    return folded_subject(np.clip(plain.crop.pixels * np.exp(strength * skin), 0, 1))


def test_the_same_pose_changes_nothing(subject):
    ratio, _ = folds(subject)
    assert ratio.dtype == np.float32
    assert not ratio.any()
    assert not fold_removal(subject, subject.pose, folded_atlas(), 0.5).any()


@pytest.mark.parametrize("name", ["browDown", "browInnerUp", "noseSneer", "mouthFrown"])
def test_muscles_darken_the_face_and_nothing_beside_it(subject, name):
    target = subject.posed(folded_model().weights(**{name: 1.0}))
    ratio = fold_log_ratio(subject, target, folded_atlas(), CHOICE, lined=0.5)
    assert ratio.min() < -0.08
    assert not ratio[~target.drawing.skin].any()


def test_gain_scales(subject):
    one, _ = folds(subject, browDown=0.8, mouthSmile=0.5)
    two, _ = folds(subject, replace(CHOICE, gain=2.0), browDown=0.8, mouthSmile=0.5)
    np.testing.assert_allclose(two, 2 * one, atol=1e-6)


def test_a_smile_is_the_measured_one_on_both_sides(subject):
    target = subject.posed(folded_model().weights(mouthSmile=0.6))
    ratio = fold_log_ratio(subject, target, folded_atlas(), CHOICE, lined=0.0)
    cheek = subject.crop.landmarks[[205, 425], :2].round().astype(int)
    for x, y in cheek:
        np.testing.assert_allclose(ratio[y, x], -0.09, atol=0.02)


def test_the_smile_map_keeps_a_symmetric_face_symmetric(subject):
    ratio, _ = folds(subject, mouthUpperUp=0.1, mouthSmile=1.0, browDown=-1.0, cheekSquint=-1.0)
    np.testing.assert_allclose(ratio, ratio[:, ::-1], atol=0.02)


@pytest.mark.parametrize("name", ["mouthSmile_L", "mouthDimple_L"])
def test_one_side_alone_folds(subject, name):
    model = folded_model()
    weights = subject.expression.copy()
    weights[model.index(name)] += 0.7
    target = subject.posed(weights)
    ratio = fold_log_ratio(subject, target, folded_atlas(), CHOICE, lined=0.5)
    energy = np.abs(ratio).sum((0, 2))
    middle = len(energy) // 2
    # The person's left is at the image's right.
    assert energy[middle:].sum() > 20 * energy[: middle - 10].sum()


def test_hair_and_spectacles_keep_folds_away(subject):
    size = subject.crop.size
    none, _ = folds(subject, bare=np.zeros((size, size), np.float32), browDown=1.0)
    assert not none.any()
    covered = np.zeros((size, size), np.float32)
    x, y = subject.crop.landmarks[145, :2].round().astype(int)
    reach = round(0.3 * subject.unit)
    covered[y - reach // 2 : y + reach // 2, x - reach : x + reach] = 1
    kept, _ = folds(subject, bare=1 - covered, eyeSquint=1.0, mouthFrown=1.0)
    full, _ = folds(subject, eyeSquint=1.0, mouthFrown=1.0)
    assert np.abs(full[covered == 1]).max() > 0.05
    assert not kept[covered == 1].any()
    np.testing.assert_array_equal(kept[covered == 0], full[covered == 0])


def test_smooth_faces_get_no_lines(subject):
    def line_energy(lined):
        ratio, _ = folds(subject, lined=lined, browInnerUp=1.0, browOuterUp=1.0)
        return np.abs(luma_band(ratio[..., 1], subject.unit, (0.002, 0.012))).sum()

    assert line_energy(0.0) < 0.45 * line_energy(1.0)


def test_coarse_skin_counts_as_lined():
    degrees = [lined_ness(speckled(s).crop) for s in (0.002, 0.1, 0.5)]
    assert degrees[0] == 0.0
    assert degrees[0] < degrees[1] < degrees[2]


def test_lines_of_the_photo_deepen(subject):
    pixels = subject.crop.pixels.copy()
    brow, top = subject.crop.landmarks[[105, 10], 1]
    row = round(float(0.6 * brow + 0.4 * top))
    pixels[row] *= 0.85
    lined = folded_subject(pixels)
    with_line, _ = folds(lined, lined=0.0, browInnerUp=1.0, browOuterUp=1.0)
    without, _ = folds(subject, lined=0.0, browInnerUp=1.0, browOuterUp=1.0)
    column = round(float(subject.crop.landmarks[10, 0]))
    assert (with_line - without)[row, column].max() < -0.03
    np.testing.assert_allclose((with_line - without)[-20:], 0, atol=1e-6)


def test_folds_go_with_the_smile(subject):
    pixels = subject.crop.pixels.copy()
    x, y = subject.crop.landmarks[205, :2].round().astype(int)
    pixels[y - 4 : y + 5, x - 1 : x + 2] *= 0.7
    smiling = folded_subject(pixels)
    weights = folded_model().weights(mouthSmile=0.6)
    smiling = replace(smiling, pose=replace(smiling.pose, expression=weights))
    gone = fold_removal(smiling, smiling.posed(weights * 0), folded_atlas(), 0.5)
    assert gone[y, x, 0] > 0.08
    half = fold_removal(smiling, smiling.posed(weights * 0), folded_atlas(), 0.25)
    np.testing.assert_allclose(gone, 2 * half, atol=1e-6)
    assert not fold_removal(smiling, smiling.posed(weights * 2), folded_atlas(), 0.5).any()


def test_a_dent_darkens():
    model = folded_model()
    subject = folded_subject()
    ratio = shading_log_ratio(subject.pose, subject.posed(model.weights(cheekDent=1.0)))
    dent = int(np.argmin(((model.neutral[:, :2] - (3.0, -1.0)) ** 2).sum(1)))
    assert ratio[dent] < -0.03
    assert abs(ratio[int(np.argmin(model.neutral[:, 0]))]) < 1e-4


def test_choices_come_from_the_generator():
    one, two, other = (
        draw_fold_choice(np.random.default_rng(s), folded_atlas()) for s in (1, 1, 2)
    )
    assert one == two != other


def test_the_band_of_lines_is_free_of_broad_light(subject):
    slope = np.linspace(0, 1, 128, dtype=np.float32)[None].repeat(128, 0)
    inner = luma_band(slope, subject.unit, LINES)[20:-20, 20:-20]
    np.testing.assert_allclose(inner, 0, atol=1e-4)
