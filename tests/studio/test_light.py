"""Light on a made-up face: sides, strength, colour, shadows, and the way back."""

from dataclasses import replace

import numpy as np
import pytest
from toys import SIDE, frontal_subject

from faceedit.compose.light.shadows import cast_shadows
from faceedit.errors import UsageError
from faceedit.lights import LIGHTS, LUMA, coloured
from faceedit.studio.drawing import NOTHING
from faceedit.studio.light import LightEstimate, estimate_light, relight

SIZE = 96
EVEN = LightEstimate((0.0, 0.0, 0.0), 0.2, 0.3, 1.0)


@pytest.fixture(scope="module")
def subject():
    return frontal_subject(SIZE)


@pytest.fixture(scope="module")
def matte(subject):
    return (subject.pose.drawing.part != NOTHING).astype(np.float32)


@pytest.fixture
def lit(subject, matte):
    def light_it(light, estimate=EVEN, amount=1.0, photo=subject):
        if isinstance(light, str):
            light = LIGHTS[light]
        return relight(photo, photo.pose, photo.crop.pixels, matte, estimate, light, amount)

    return light_it


def test_twenty_lights_and_each_side_has_its_mirror():
    assert len(LIGHTS) == 20
    for name, light in LIGHTS.items():
        assert light.name == name
        if "left" in name:
            other = LIGHTS[name.replace("left", "right")]
            x, y, z = light.direction
            mirrored = replace(light, name=other.name, direction=(-x, y, z))
            assert mirrored == other


def test_left_is_the_pictures_left(lit):
    ratio = lit("left")
    middle = slice(SIZE // 3, SIZE // 2)
    assert ratio[middle, 30:40].mean() > ratio[middle, -40:-30].mean() + 0.2
    shadow = lit("left_shadow")
    assert shadow[middle, 30:40].mean() < shadow[middle, -40:-30].mean() - 0.2


@pytest.mark.parametrize("side", ["left", "rim_left", "top_left", "left_shadow"])
def test_mirrored_light_gives_mirrored_ratio(lit, side):
    left, right = lit(side), lit(side.replace("left", "right"))
    away = np.abs(left - right[:, ::-1])
    assert away.mean() < 0.01
    assert np.quantile(away, 0.99) < 0.08


def test_no_amount_changes_nothing_and_half_is_half(lit):
    assert not lit("top", amount=0.0).any()
    np.testing.assert_allclose(lit("top", amount=0.5), lit("top") / 2, atol=1e-6)


def test_brighter_key_is_brighter(lit, matte):
    light = LIGHTS["quarter_left"]
    more = lit(replace(light, key=1.3 * light.key)) - lit(light)
    assert more[matte > 0].min() > -1e-3
    assert more[matte > 0].mean() > 0.03


def test_ratio_is_bounded_and_highlights_stay_below_white(subject, lit):
    for name in LIGHTS:
        ratio = lit(name)
        assert np.isfinite(ratio).all()
        assert ratio.min() >= -4.0 and ratio.max() <= 1.2
        assert (subject.crop.pixels * np.exp(ratio)).max() <= 1.0 + 1e-5


def test_own_light_is_found_and_changes_nothing(subject, lit, matte):
    own = LightEstimate((-0.35, 0.2, 0.1), 0.2, 0.3, 1.0)
    shaded = subject.crop.pixels * np.exp(lit(own.light))
    photo = replace(subject, crop=replace(subject.crop, pixels=shaded.astype(np.float32)))
    found = estimate_light(photo, matte)
    assert found.certainty > 0.9
    assert found.harmonics[0] == pytest.approx(own.harmonics[0], abs=0.08)
    assert np.dot(found.direction, own.direction) > 0.93
    ratio = lit(found.light, estimate=found, photo=photo)
    assert np.abs(ratio).max() < 0.01


def test_light_of_the_photo_is_divided_out(subject, lit):
    own = LightEstimate((-0.5, 0.0, 0.0), 0.2, 0.3, 1.0)
    photo = replace(
        subject, crop=replace(subject.crop, pixels=subject.crop.pixels * np.exp(lit(own.light)))
    )
    once, twice = (
        p.crop.pixels * np.exp(lit("ambient", estimate=e, photo=p))
        for p, e in ((subject, EVEN), (photo, own))
    )
    assert np.abs(once - twice)[subject.pose.drawing.skin].mean() < 0.02


def test_grey_stays_grey_in_white_light(subject, lit):
    grey = np.repeat(subject.crop.pixels.mean(2, keepdims=True), 3, axis=2)
    photo = replace(subject, crop=replace(subject.crop, pixels=grey))
    ratio = lit("left", estimate=estimate_light(photo), photo=photo)
    assert np.ptp(ratio, axis=2).max() < 1e-5
    warm = lit(
        coloured(LIGHTS["left"], (1.0, 0.8, 0.55)), estimate=estimate_light(photo), photo=photo
    )
    assert warm[SIZE // 2, 34, 0] > warm[SIZE // 2, 34, 2] + 0.1


def test_dark_skin_shows_where_the_light_is(subject, lit):
    dark = replace(subject, crop=replace(subject.crop, pixels=0.4 * subject.crop.pixels))
    contrast = [
        np.ptp(lit("left", photo=photo)[..., 1][subject.pose.drawing.skin])
        for photo in (subject, dark)
    ]
    assert contrast[1] > contrast[0] + 0.05


def test_nose_casts_its_shadow_away_from_the_light(subject):
    height = np.where(subject.pose.drawing.skin, subject.pose.drawing.depth, -5)
    everywhere = np.ones(height.shape, bool)
    seen = cast_shadows(height.astype(np.float32), everywhere, (-0.6, 0.0, 0.8), SIZE / SIDE, 0.02)
    row, middle = round(float(subject.crop.landmarks[4, 1])), SIZE // 2
    beside = round(1.6 * SIZE / SIDE)
    assert seen[row, middle + beside] < 0.3
    assert seen[row, middle - beside] > 0.9
    above = cast_shadows(
        height.astype(np.float32), everywhere, (0.0, 0.7, 0.714), SIZE / SIDE, 0.02
    )
    assert above[row + beside, middle] < 0.3
    assert above[row - beside, middle] > 0.9


def test_colours_are_equally_bright():
    for colour in ((1.0, 0.8, 0.55), (0.6, 0.8, 1.0), (1.0, 0.38, 0.34)):
        assert np.dot(coloured(LIGHTS["left"], colour).colour, LUMA) == pytest.approx(1.0)


def test_what_is_no_colour_is_refused():
    for colour in ((0, 0, 0), (-1, 1, 1)):
        with pytest.raises(UsageError):
            coloured(LIGHTS["left"], colour)
