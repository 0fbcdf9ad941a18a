from dataclasses import replace

import numpy as np
import pytest
from toy_moves import SIDE, TONE, calm_face, eye_distance_of, jaws_of, mouth_of, teeth

from faceedit.compose.mouth.light import teeth_light
from faceedit.compose.mouth.opening import MouthPoints, draw_opening
from faceedit.compose.mouth.paint import (
    CORNER,
    JAW_MARKS,
    PER_CM,
    TEETH_EDGE,
    TEXTURE_SIZE,
    Ends,
    paint_mouth,
)
from faceedit.compose.mouth.traits import USUAL, Traits, traits_of
from faceedit.faces.topology import mean_shape

UNIT = eye_distance_of(calm_face())
WHOLE = (slice(0, SIDE), slice(0, SIDE))
GAP = 0.3


def painted(gap=GAP, tone=TONE, texture=None, drop=0.0, fall=None, beside=0.0, traits=USUAL):
    points = mouth_of(calm_face(gap=gap), gap if fall is None else fall)
    opening = draw_opening(points, WHOLE, UNIT)
    return paint_mouth(texture or teeth(), points, opening, tone, Ends(drop, beside), traits)


def column(picture):
    """Brightness from the upper lip down, between two gaps of teeth."""
    face = calm_face(gap=GAP)
    x, (top, low) = round(float(face[13, 0])), np.rint(face[[13, 14], 1]).astype(int)
    return picture[top + 1 : low, x - 1 : x + 2].mean((1, 2))


def test_the_marks_lie_on_the_texture_and_the_jaws_part_at_the_edge():
    # What a smile shows: not the roots of the upper teeth.
    places = (JAW_MARKS.reshape(20, 2)[5:] - CORNER) * PER_CM
    assert (places > 0).all() and (places[:, ::-1] < TEXTURE_SIZE).all()
    np.testing.assert_allclose(JAW_MARKS[0, 5:, 1], TEETH_EDGE)
    assert (np.diff(JAW_MARKS[:, :5, 0], axis=1) > 0).all()
    assert JAW_MARKS[1, :, 1].mean() > JAW_MARKS[0, :, 1].mean()


def edge_in_column():
    return int(jaws_of(calm_face())[5:10, 1].mean() - calm_face()[13, 1])


def test_upper_teeth_are_light_and_the_depth_is_dark():
    light, edge = column(painted()), edge_in_column()
    assert light[1 : edge - 1].min() > 0.5
    # The tongue catches light, but less than teeth.
    assert 0.2 < light[edge + 5 :].max() < 0.8 * light[1 : edge - 1].max()


@pytest.mark.parametrize("gap", [0.05, 0.1, 0.3])
def test_a_tongue_shows_in_wide_mouths_alone(gap):
    nothing = np.zeros(TEXTURE_SIZE, np.float32)
    picture = painted(gap, texture=replace(teeth(), shown=nothing), traits=Traits(tongue_light=1.0))
    inside = draw_opening(mouth_of(calm_face(gap=gap), gap), WHOLE, UNIT).coverage > 0.9
    brightest = picture[inside].mean(-1).max()
    assert (brightest > 0.26) == (gap > 0.2)


def test_teeth_take_their_tone_and_the_dark_their_brightness():
    bright, dim = painted(), painted(tone=0.4 * TONE)
    np.testing.assert_allclose(dim / bright, 0.4, rtol=0.01)
    blue = painted(tone=np.array([0.5, 0.7, 1.0], np.float32))
    shown = np.zeros(bright.shape[:2], bool)
    top = round(float(calm_face(gap=GAP)[13, 1]))
    shown[top : top + edge_in_column() - 1] = bright[top : top + edge_in_column() - 1, :, 0] > 0.4
    assert shown.sum() > 10
    assert (bright[shown][:, 0] > bright[shown][:, 2]).all()
    assert blue[shown][:, 2].mean() > blue[shown][:, 0].mean()


def test_teeth_that_end_lower_are_painted_lower():
    usual, longer = (column(painted(drop=d, beside=1.0)) for d in (0, 3))
    assert (longer > 0.5).sum() == pytest.approx((usual > 0.5).sum() + 3, abs=1)


def test_a_texture_of_nothing_is_the_cavity_alone():
    nothing = np.zeros(TEXTURE_SIZE, np.float32)
    picture = painted(texture=replace(teeth(), shown=nothing))
    assert picture.min() >= 0 and picture.max() < TONE.max()
    x, y = np.rint(mouth_of(calm_face(gap=GAP)).ring.mean(0)).astype(int)
    red, green, blue = picture[y, x]
    assert red > green >= blue * 0.9


def test_a_small_face_does_not_alias():
    stripes = teeth()
    fine = (np.arange(TEXTURE_SIZE[1]) % 2).astype(np.float32)
    stripes = replace(stripes, colour=np.repeat(np.tile(fine, (96, 1))[..., None], 3, 2))
    points = mouth_of(calm_face(48, GAP), GAP)
    unit = eye_distance_of(points.landmarks)
    opening = draw_opening(points, (slice(0, 48), slice(0, 48)), unit)
    grey = replace(stripes, colour=np.full_like(stripes.colour, 0.5))
    fine, even = (paint_mouth(t, points, opening, TONE) for t in (stripes, grey))
    assert np.abs(fine - even)[opening.coverage > 0.9].max() < 0.06


def test_everything_is_finite_where_jaws_have_no_width():
    points = mouth_of(calm_face(gap=GAP))
    thin = MouthPoints(points.landmarks, points.upper[[2] * 10], points.lower[[2] * 10])
    opening = draw_opening(thin, WHOLE, UNIT)
    assert np.isfinite(paint_mouth(teeth(), thin, opening, TONE)).all()


def test_the_upper_lip_and_the_corners_take_light_from_teeth():
    mask = np.zeros((40, 80), bool)
    mask[8:32, 8:72] = True
    light = teeth_light(mask, 60.0)
    assert light.min() > 0 and light.max() <= 1 and light.dtype == np.float32
    assert (np.diff(light[8:32, 40]) > 0).all()
    assert light[20, 10] < light[20, 25] < light[20, 40]
    np.testing.assert_allclose(light, light[:, ::-1], atol=0.03)
    # Where a mouth hangs open its cheeks lie before the teeth.
    hanging = teeth_light(mask, 60.0, hangs=1.0)
    assert hanging[20, 25] < 0.95 * light[20, 25] and hanging[20, 40] > 0.9 * light[20, 40]


def test_a_jaw_that_falls_shows_its_own_teeth():
    points = mouth_of(calm_face(gap=GAP), GAP)
    raised = MouthPoints(points.landmarks, points.upper, points.lower - [0.0, 0.12 * UNIT])
    opening = draw_opening(raised, WHOLE, UNIT)
    plain = replace(teeth(), colour=np.ones((*TEXTURE_SIZE, 3), np.float32))
    toothless = replace(plain, shown=np.zeros(TEXTURE_SIZE, np.float32))
    x, y = np.rint(raised.lower[2]).astype(int)
    shows = Traits(lower_teeth=1.0)
    shown, bare = (
        paint_mouth(texture, raised, opening, TONE, traits=shows)[y + 3, x - 2 : x + 3].mean(0)
        for texture in (plain, toothless)
    )
    # Whiter than the tongue behind them.
    assert np.ptp(shown) / shown.max() < 0.7 * np.ptp(bare) / bare.max()


def test_lips_that_open_without_a_smile_cover_their_teeth():
    points = mouth_of(calm_face(gap=GAP), GAP)
    hangs, smiles = points.landmarks.copy(), points.landmarks.copy()
    for face, corners in ((hangs, 0.5), (smiles, 0.0)):
        face[[78, 308], 1] = face[13, 1] + corners * (face[14, 1] - face[13, 1])
    white = replace(teeth(), colour=np.ones((*TEXTURE_SIZE, 3), np.float32))

    def shown(landmarks, teeth_drop):
        mouth = replace(points, landmarks=landmarks)
        opening = draw_opening(mouth, WHOLE, UNIT)
        traits = Traits(teeth_drop=teeth_drop)
        picture = paint_mouth(white, mouth, opening, TONE, Ends(0.1 * UNIT), traits)
        return (column(picture) > 0.45).sum()

    # Many a lip covers most, none covers all: a mouth without teeth is a hole.
    assert 0 < shown(hangs, -1.0) < 0.5 * shown(smiles, -1.0)
    assert shown(hangs, -1.0) < shown(hangs, -0.4)


def bare_cavity(traits):
    nothing = np.zeros(TEXTURE_SIZE, np.float32)
    points = mouth_of(calm_face(gap=GAP), GAP)
    opening = draw_opening(points, WHOLE, UNIT)
    toothless = replace(teeth(), shown=nothing)
    return column(paint_mouth(toothless, points, opening, TONE, traits=traits))


def test_light_falls_off_with_depth_and_tongues_differ():
    high, low = (bare_cavity(Traits(tongue_height=t, tongue_light=t)) for t in (1.0, -1.0))
    for light in (high, low):
        # Bright in front, at the lower lip, and dark behind the teeth.
        assert light[-2] > 1.3 * light[len(light) // 4]
    assert high.sum() > 1.3 * low.sum()


def test_a_face_has_its_own_manner_in_every_size_and_pose_of_the_photo():
    face = mean_shape()
    noisy = face + np.random.default_rng(0).normal(0, 0.001, face.shape)
    broad = face * (1.06, 1.0, 1.0)
    own, same, near, other = (
        np.array(list(vars(traits_of(f)).values())) for f in (face, 3 * face + 7, noisy, broad)
    )
    np.testing.assert_allclose(own, same, atol=1e-4)
    assert np.abs(own - near).max() < 0.2 < np.abs(own - other).max()
    assert np.abs(own).max() <= 1
