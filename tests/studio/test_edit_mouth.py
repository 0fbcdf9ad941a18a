import sys
from dataclasses import replace

import numpy as np
import pytest
from toy_arch import SIZE, arched_model, sitter

from faceedit.errors import UsageError
from faceedit.faces.topology import (
    LOWER_INNER_LIP,
    N_SURFACE,
    UPPER_INNER_LIP,
)
from faceedit.studio.fields import Fields
from faceedit.studio.flow import pose_flow
from faceedit.studio.model import Part
from faceedit.studio.mouth import MouthChoice, draw_mouth_choice, move_mouth
from faceedit.studio.mouth_bank import BANK_FILE, Donor, MouthBank, load_mouths, save_mouths
from faceedit.studio.mouth_learning import learn_mouths
from faceedit.studio.mouth_tone import lip_shade


@pytest.fixture(scope="module")
def model():
    return arched_model()


@pytest.fixture(scope="module")
def bank(model):
    subject = sitter(model, 0.4)
    vertices = np.arange(N_SURFACE, len(model.neutral))
    colour = np.array([0.3, 0.7, 0.5], np.float32)
    donors = tuple(
        Donor(
            pixels=np.tile(c, (SIZE, SIZE, 1)).astype(np.float32),
            alpha=np.ones((SIZE, SIZE), np.float32),
            places=subject.pose.places[vertices],
            nearest=np.zeros((SIZE, SIZE), np.float32),
            depth=subject.pose.depth[vertices],
            tone=float(c @ (0.299, 0.587, 0.114)),
            identity=str(k),
        )
        for k, c in enumerate((colour, colour[::-1]))
    )
    return MouthBank(vertices.astype(np.int32), donors)


def edit(subject, pose, bank, choice=None):
    flow = pose_flow(subject.pose, pose)
    return flow, move_mouth(subject, pose, flow, bank, choice or MouthChoice(0))


@pytest.mark.parametrize("jaw", [0.0, 0.5])
def test_the_same_pose_changes_nothing(model, bank, jaw):
    subject = sitter(model, jaw)
    flow, mouth = edit(subject, subject.pose, bank)
    assert not mouth.opacity.any()
    assert not mouth.painted.any()
    assert not mouth.log_ratio.any()
    np.testing.assert_array_equal(mouth.flow, flow)
    assert (mouth.inside.sum() > 50) == (jaw > 0)


def test_closed_lips_show_no_paint_but_a_line(model, bank):
    subject = sitter(model, 0.5)
    _, mouth = edit(subject, subject.posed(np.zeros(1), gap=-0.008), bank)
    assert not mouth.opacity.any()
    assert not mouth.inside.any()
    assert mouth.log_ratio.min() < -0.3
    assert (mouth.log_ratio <= 0).all()
    assert not edit(sitter(model, 0), subject.pose, bank)[1].log_ratio.any()


def test_paint_is_between_the_lips(model, bank):
    subject = sitter(model, 0)
    pose = subject.posed(np.array([0.6]))
    _, mouth = edit(subject, pose, bank)
    assert mouth.painted.sum() > 50
    np.testing.assert_array_equal(mouth.painted > 0, mouth.inside > 0)
    ring = pose.places[list(UPPER_INNER_LIP + LOWER_INNER_LIP)]
    rows, columns = np.nonzero(mouth.opacity)
    margin = 0.04 * subject.unit + 1
    assert rows.min() >= ring[:, 1].min() - margin
    assert rows.max() <= ring[:, 1].max() + margin
    assert columns.min() >= ring[:, 0].min() - margin
    assert columns.max() <= ring[:, 0].max() + margin
    # A soft border of about a pixel, not a stair.
    assert ((mouth.opacity > 0.05) & (mouth.opacity < 0.95)).sum() > 10


def test_teeth_have_the_donors_colour(model, bank):
    subject = sitter(model, 0)
    pose = subject.posed(np.array([0.4]))
    teeth = (pose.drawing.part == Part.TEETH)[..., None]
    paints = []
    for donor in range(2):
        paint = edit(subject, pose, bank, MouthChoice(donor))[1]
        seen = (paint.opacity[..., None] > 0.9) & teeth
        paints.append((paint.paint * seen).sum((0, 1)))
    ratio = (paints[0] / paints[0].sum()) / (paints[1] / paints[1].sum())
    donors = [d.pixels[0, 0] for d in bank.donors]
    np.testing.assert_allclose(ratio, donors[0] / donors[1], rtol=0.08)


def test_teeth_do_not_glow_in_the_dark(model, bank):
    night = np.full((SIZE, SIZE, 3), 0.08, np.float32)
    subject = sitter(model, 0, night)
    _, mouth = edit(subject, subject.posed(np.array([0.5])), bank)
    assert mouth.paint.max() < 0.12


def test_a_photo_keeps_its_own_teeth(model, bank):
    pixels = np.random.default_rng(0).uniform(0.2, 0.4, (SIZE, SIZE, 3)).astype(np.float32)
    drawing = sitter(model, 0.9).pose.drawing
    upper = (drawing.part == Part.TEETH) & (drawing.vertices[..., 0] < N_SURFACE + 52)
    pixels[upper] += 0.5
    subject = sitter(model, 0.9, pixels)
    _, mouth = edit(subject, subject.posed(np.array([1.1])), bank)
    out = Fields(mouth.flow, mouth.log_ratio, mouth.paint, mouth.opacity).compose(pixels)
    # The upper jaw does not move with the lower.
    kept = upper & (mouth.inside > 0.9) & (mouth.painted < 0.02)
    assert kept.sum() > 10
    np.testing.assert_allclose(out[kept], pixels[kept], atol=0.02)
    assert mouth.painted.sum() > 5


def test_tooth_coordinates_stay_with_the_teeth(model, bank):
    subject = sitter(model, 0)
    anatomy = bank.anatomy(model)
    assert anatomy.chart.min() >= 0
    assert anatomy.chart.max() <= 1
    found = []
    for jaw in (0.4, 0.6):
        pose = subject.posed(np.array([jaw]))
        shown = edit(subject, pose, bank)[1]
        coordinates = shown.tooth_coordinates
        assert coordinates.min() >= 0
        assert coordinates.max() <= 1
        assert not coordinates[shown.inside == 0].any()
        upper = pose.drawing.part == Part.TEETH
        upper &= pose.drawing.vertices[..., 0] < N_SURFACE + 52
        found.append(np.where((upper & (shown.inside > 0.9))[..., None], coordinates, np.nan))
    both = np.abs(found[0] - found[1])
    assert np.isfinite(both).sum() > 20
    assert np.nanmax(both) < 0.02


def test_choices_repeat_and_vary(bank):
    drawn = [draw_mouth_choice(np.random.default_rng(k), bank) for k in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(0 <= c.donor < 2 for c in drawn)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_bank_is_read_as_it_was_written(bank, tmp_path):
    (tmp_path / "mine").write_bytes(b"the user's")
    (tmp_path / BANK_FILE).symlink_to("mine")
    save_mouths(bank, tmp_path)
    assert (tmp_path / "mine").read_bytes() == b"the user's"
    again = load_mouths(tmp_path)
    np.testing.assert_array_equal(again.vertices, bank.vertices)
    for a, b in zip(again.donors, bank.donors, strict=True):
        np.testing.assert_allclose(a.pixels, b.pixels, atol=1 / 255)
        np.testing.assert_allclose(a.places, b.places, atol=0.1)
        assert a.tone == pytest.approx(b.tone)


def test_mouths_are_learnt_from_open_ones_only(model):
    pixels = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    shown = sitter(model, 0.4)
    rows = np.arange(SIZE)[:, None] % 4 < 2
    pixels[shown.pose.drawing.mouth] = 0.75
    pixels[shown.pose.drawing.mouth & rows] = 0.65
    bank = learn_mouths([sitter(model, 0), replace(shown, crop=replace(shown.crop, pixels=pixels))])
    assert [d.identity for d in bank.donors] == ["1"]
    assert len(bank.vertices) == len(bank.donors[0].places)
    with pytest.raises(UsageError):
        learn_mouths([sitter(model, 0)])


def test_lips_and_corners_take_light():
    mask = np.zeros((40, 80), bool)
    mask[8:32, 8:72] = True
    shade = lip_shade(mask, 60.0)
    assert shade.min() > 0 and shade.max() <= 1 and shade.dtype == np.float32
    middle = shade[8:32, 40]
    # The upper lip shades more than the lower.
    assert middle[0] < middle[-1] < middle[14]
    assert shade[20, 10] < shade[20, 25] <= shade[20, 40] + 1e-6
    np.testing.assert_allclose(shade, shade[:, ::-1], atol=1e-3)
