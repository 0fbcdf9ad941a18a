import numpy as np
import pytest

from faceedit.compose.canvas import Canvas
from faceedit.compose.hair.fringe import Fringe
from faceedit.compose.hair.locks import Lock, Piece, cut_pieces, find_pieces, lay_lock

SIZE, UNIT = 256, 100.0


def hair(angle, coherent=True):
    """Strands that run at an angle on half of a picture, and skin below."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    across = x * np.sin(angle) - y * np.cos(angle)
    noise = np.random.default_rng(0).normal(0, 0.1, 512).astype(np.float32)
    pattern = noise[(across / 2).round().astype(int) % 512]
    if not coherent:
        pattern = np.random.default_rng(1).normal(0, 0.1, (SIZE, SIZE)).astype(np.float32)
    pixels = np.clip(np.array([0.3, 0.2, 0.15], np.float32) * (1 + 2 * pattern[..., None]), 0, 1)
    matte = np.zeros((SIZE, SIZE), np.float32)
    matte[:120] = 1
    pixels[120:] = 0.8, 0.6, 0.5
    return pixels.astype(np.float32), matte


@pytest.mark.parametrize("angle", [0.4, 1.5, 2.6])
def test_pieces_have_strands_that_run_down_them(angle):
    pixels, matte = hair(angle)
    draw = np.random.default_rng(0)
    found, alike = find_pieces(pixels, matte, UNIT, draw)
    assert alike[19] > 0.8
    assert np.abs(np.cos(found[:20, 2] - angle)).min() > 0.97
    piece = cut_pieces(pixels, found, UNIT)[0]
    assert piece.pixels.std(0).mean() < 0.5 * piece.pixels.std(1).mean()
    _, rough = find_pieces(*hair(angle, coherent=False), UNIT, draw)
    assert rough[19] < 0.6
    assert not len(find_pieces(pixels, 0 * matte, UNIT, draw)[0])


def test_a_lock_lies_between_its_root_and_its_tip():
    sheet = np.zeros((SIZE, SIZE, 4), np.float32)
    piece = Piece(np.full((40, 16, 3), 0.5, np.float32), np.zeros(2), np.zeros(3))
    ends = np.array([100.0, 60.0]), np.array([110.0, 160.0])
    lock = Lock(*ends, 20.0, np.array([0.0, 1.0]))
    gain = np.array([1.0, 0.5, 0.5], np.float32)
    lay_lock(sheet, piece, lock, gain, UNIT, np.random.default_rng(0))
    opacity = sheet[..., 3]
    assert opacity[110, 95:110].max() > 0.9
    assert not opacity[:60].any() and opacity[162:].max() < 0.01
    assert not opacity[:, :80].any() and not opacity[:, 135:].any()
    assert (sheet[..., 0] <= 0.5 * opacity + 1e-5).all()
    # One beyond the window is not drawn.
    away = Lock(ends[0] - 500, ends[1] - 500, 20.0, lock.down)
    before = sheet.copy()
    lay_lock(sheet, piece, away, gain, UNIT, np.random.default_rng(0))
    np.testing.assert_array_equal(sheet, before)


def test_a_fringe_covers_the_forehead_in_the_hairs_own_colour():
    pixels, matte = hair(1.5)
    x = np.linspace(60, 200, 40)
    roots, tips = (np.column_stack([x, np.full(40, y)]).astype(np.float32) for y in (90, 170))
    fringe = Fringe(
        hair=matte, roots=roots, tips=tips, widths=np.full(40, 16, np.float32),
        down=np.array([0.0, 1.0]), size=SIZE, unit=UNIT, seed=1,
    )  # fmt: skip
    canvas = Canvas(pixels, np.zeros((SIZE, SIZE, 2), np.float32), pixels * 0 + 1, np.eye(2, 3))
    (patch,) = fringe.draw(canvas)
    made = pixels.copy()
    part = made[patch.box]
    part += patch.opacity[..., None] * (patch.paint - part)
    np.testing.assert_allclose(made[130:145, 80:180].mean((0, 1)), [0.3, 0.2, 0.15], atol=0.05)
    np.testing.assert_array_equal(made[220:], pixels[220:])
    # It throws a shadow.
    assert made[160:172, 80:180].mean() < 0.98 * pixels[160:172, 80:180].mean()
    assert not fringe.scaled(0.0).draw(canvas)
