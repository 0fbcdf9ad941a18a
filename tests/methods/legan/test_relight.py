"""Light on a surface that is known."""

import numpy as np
import pytest
from toy_light import SKIN, ball, crop_of, lit_by, surface_of

from faceedit.compose.light.skin import bare_skin
from faceedit.lights import FLAT, LIGHTS, coloured
from faceedit.methods.legan.bearable import (
    LIFT,
    bounded,
    dulled,
    old_relief,
    rolled_off,
    smeared,
    stays_white,
)
from faceedit.methods.legan.read_light import read_light
from faceedit.methods.legan.relight import as_light, drawn_matte, relight
from faceedit.targets import LightChange, parse_target


def relit(light, own=None, strength=1.0):
    """Return the ball in a light, (256, 256, 3), as composing at the crop's size makes it."""
    picture, shading = lit_by(own)
    edit = relight(crop_of(picture), surface_of(shading), light, strength)
    assert edit.wide
    assert edit.region == "person"
    assert edit.matte is not None
    return picture * np.exp(edit.log_ratio * edit.matte[..., None])


def cheeks(picture):
    """Return how much brighter the picture's left half of the ball is than the right one."""
    _, inside = ball()
    inside[:, 120:136] = False
    left, right = inside.copy(), inside.copy()
    left[:, 128:] = right[:, :128] = False
    return picture[left].mean() / picture[right].mean()


@pytest.mark.parametrize("own", [None, "left", "right"])
def test_light_falls_from_where_it_is_asked_wherever_it_came_from(own):
    own = None if own is None else LIGHTS[own]
    from_left, from_right = (cheeks(relit(LIGHTS[name], own)) for name in ("left", "right"))
    assert from_left > 1.3
    assert from_right < 1 / 1.3
    # A photo's own light stays as it is, and one against it does no more than the photo bears.
    assert from_left == pytest.approx(1 / from_right, rel=0.35)


def test_even_light_takes_shading_away():
    picture = relit(FLAT, LIGHTS["slight_left"])
    _, inside = ball()
    middle = inside & (np.abs(np.arange(256) - 128) < 50)[:, None]
    middle &= (np.abs(np.arange(256) - 128) < 50)[None]
    apart = np.abs(np.log(picture[middle] / SKIN))
    assert apart.mean() < 0.05
    before = np.abs(np.log(lit_by(LIGHTS["slight_left"])[0][middle] / SKIN))
    assert before.mean() > 3 * apart.mean()


def test_what_is_behind_stays_and_nothing_asked_changes_nothing():
    picture = relit(LIGHTS["left_shadow"])
    _, inside = ball()
    before = lit_by(None)[0]
    np.testing.assert_array_equal(picture[:40], before[:40])
    assert np.abs(picture - before)[inside].mean() > 0.05
    np.testing.assert_array_equal(relit(LIGHTS["left_shadow"], strength=0.0), before)


def test_half_the_strength_is_half_the_log_ratio():
    half, whole = (np.log(relit(LIGHTS["left"], strength=s) / lit_by(None)[0]) for s in (0.5, 1))
    np.testing.assert_allclose(2 * half, whole, atol=1e-4)


@pytest.mark.parametrize("light", ["az=-50,el=10", "az=0,el=60,fill=0.6", "az=30,el=-20"])
def test_lights_of_ones_own_keep_the_exposure(light):
    picture = lit_by(LIGHTS["slight_left"])[0]
    (change,) = parse_target(f"light={light}").terms
    assert isinstance(change, LightChange)
    made = relit(as_light(change), LIGHTS["slight_left"])
    skin = bare_skin(crop_of(picture).landmarks, 256)
    before, after = ((one[skin] ** 2.2).mean() for one in (picture, made))
    assert after == pytest.approx(before, rel=0.05)
    named = relit(LIGHTS["dim"], LIGHTS["slight_left"])
    assert (named[skin] ** 2.2).mean() < 0.6 * before


def test_a_warm_light_is_warm():
    warm = relit(coloured(LIGHTS["left"], (1.0, 0.7, 0.4)))
    white = relit(LIGHTS["left"])
    _, inside = ball()
    inside[:, 128:] = False
    ratio = warm[inside].mean(0) / white[inside].mean(0)
    assert ratio[0] > ratio[1] > ratio[2]


@pytest.mark.parametrize("name", ["left", "right", "top", "slight_left"])
def test_the_light_of_a_face_is_read(name):
    picture, shading = lit_by(LIGHTS[name])
    found = read_light(crop_of(picture), surface_of(shading))
    cosine = float(np.dot(as_light(found).direction, LIGHTS[name].direction))
    assert np.degrees(np.arccos(cosine)) < 20
    weaker = 0.3 * shading
    dim = read_light(crop_of((SKIN * np.exp(weaker)).clip(0, 1)), surface_of(weaker))
    assert dim.fill > found.fill + 0.1


def test_even_light_is_read_as_flat():
    picture, shading = lit_by(None)
    assert read_light(crop_of(picture), surface_of(shading)) == LightChange("flat")


@pytest.mark.parametrize("name", ["left", "slight_right"])
def test_in_its_own_light_a_photo_stays(name):
    picture, shading = lit_by(LIGHTS[name])
    own = as_light(read_light(crop_of(picture), surface_of(shading)))
    edit = relight(crop_of(picture), surface_of(shading), own, 1.0)
    other = relight(crop_of(picture), surface_of(shading), LIGHTS["bottom"], 1.0)
    assert np.abs(edit.log_ratio).mean() < 0.1 * np.abs(other.log_ratio).mean()


def test_in_black_there_is_nothing_to_light():
    picture, shading = lit_by(LIGHTS["left"])
    edit = relight(crop_of(0.02 * picture), surface_of(shading), LIGHTS["right"], 1.0)
    assert edit.log_ratio.max() < 0.01


def test_lights_of_a_target():
    def light(text):
        (term,) = parse_target(text).terms
        assert isinstance(term, LightChange)
        return as_light(term)

    assert light("light=left:0.5") == LIGHTS["left"]
    assert light("light=flat") == FLAT
    own = light("light=az=-60,el=20,softness=0.5,colour=3200K")
    assert own.direction[0] < -0.7
    assert own.softness == 0.5
    assert own.colour[0] > 1 > own.colour[2]
    blue = light("light=az=0,el=0,colour=#4060ff").colour
    assert blue[2] > blue[1] > blue[0]


def test_skin_loses_modelling_of_the_photos_light_as_far_as_light_changes():
    skin = np.ones((64, 64), np.float32)
    waves = 0.3 * np.sin(np.arange(64, dtype=np.float32) * 2)
    pixels = np.broadcast_to(0.4 * np.exp(waves)[:, None, None], (64, 64, 3))
    more, less = (old_relief(pixels, by * skin, skin, 60.0)[16:48, 16] for by in (0.5, -0.5))
    ridges = waves[16:48] > 0
    assert more[ridges].max() > 0.1 > -0.1 > more[~ridges].min()
    np.testing.assert_array_equal(less[ridges], more[ridges])
    assert less[waves[16:48] < -0.05].max() <= 0 == old_relief(pixels, 0 * skin, skin, 60.0).max()


def test_light_does_no_more_than_a_photo_bears():
    more = np.linspace(-3, 3, 61, dtype=np.float32)[None]
    lit = more + bounded(more, LIGHTS["left"])
    assert (np.diff(lit) > 0).all()
    assert lit.max() < 0.7
    assert lit.min() > np.log(LIGHTS["left"].ambient) / 2.2 - 0.3
    np.testing.assert_array_equal(lit[0, 28:32], more[0, 28:32])


def test_white_cloth_dims_last_and_blond_hair_does_not():
    def share(colour, skin=0.0):
        pixels = np.full((8, 8, 3), colour, np.float32)
        return stays_white(pixels, np.full((8, 8), skin, np.float32), 60.0)[4, 4]

    assert share(0.5) == 0 < share(0.8) < share(0.95) < 1
    assert share([0.95, 0.9, 0.6]) == share(0.95, skin=1.0) == 0


def test_more_light_on_bright_skin_rises_less_and_less():
    more = np.full((8, 8, 3), 0.4, np.float32)
    bright, middle = (np.full((8, 8, 3), value, np.float32) for value in (0.85, 0.4))
    assert not rolled_off(more, middle, 10.0).any()
    assert not rolled_off(-more, bright, 10.0).any()
    rises = more[..., 0] + rolled_off(more, bright, 10.0)
    assert rises.min() > 0
    assert (0.85 * np.exp(rises)).max() < 1


def test_what_light_lacks_on_the_lit_side_is_given_to_all():
    skin = np.full((400, 3), 0.5, np.float32)
    wanted = np.linspace(-0.8, 0.2, 400, dtype=np.float32)[:, None].repeat(3, 1)
    assert dulled(wanted, wanted, skin) == 0
    held = np.minimum(wanted, -0.2)
    assert dulled(wanted, held, skin) == pytest.approx(0.2, abs=0.01)
    # A light that is to be dim stays so.
    assert dulled(wanted - 1, wanted - 1, skin) == 0
    assert dulled(wanted, wanted - 2, skin) == pytest.approx(LIFT)


def test_no_line_of_old_light_along_a_bright_person_before_a_dark_wall():
    across = np.clip((np.arange(256) - 120) / np.float32(16), 0, 1).astype(np.float32)
    matte = np.repeat(across[None], 256, 0)
    edge = (matte > 0.3) & (matte < 0.9)
    for person, wall in ((0.7, 0.1), (0.1, 0.7)):
        pixels = (wall + (person - wall) * matte[..., None]).repeat(3, 2)
        still, darker = (drawn_matte(pixels, matte, one + 0 * matte) for one in (0.3, -0.6))
        assert (darker[edge] >= still[edge]).all()
        assert ((still > matte)[edge] == (person > wall)).all()
        assert not darker[matte == 0].any()
        assert darker[matte == 1].min() > 0.99


def test_small_surfaces_outshine_no_lit_cheek():
    pixels = np.full((64, 64, 3), 0.4, np.float32)
    bare = np.ones((64, 64), bool)
    more = np.full((64, 64), 0.2, np.float32)
    assert not smeared(pixels, more, bare, 20.0).any()
    more[24:40, 28:36] = 0.7
    less = smeared(pixels, more, bare, 20.0)
    assert 0.2 < less[32, 32] < 0.5
    assert less[8, 8] < 0.01
    # What the photo holds brighter already stays.
    assert not smeared(pixels * np.exp(more[..., None]), 0 * more, bare, 20.0).any()
