from dataclasses import replace

import numpy as np
import pytest
import torch

from faceedit.methods.fields.colour import white_balanced
from faceedit.methods.fields.recipe import Amplitudes
from faceedit.methods.legan.networks import TARGETS
from faceedit.methods.legan.recipe import LEGANRecipe
from faceedit.methods.legan.samples import PRESETS, Album, PictureSamples, expected
from faceedit.methods.pictures.task import to_signed

PLAIN = LEGANRecipe(size=32, recoloured=0.0, balanced=0.0)


def album(table, validation: bool = False) -> Album:
    return Album.read(table, Amplitudes(), validation)


def named(label: np.ndarray) -> dict[str, float]:
    return {TARGETS[i]: round(float(label[i]), 4) for i in np.flatnonzero(label)}


def vector(**strengths: float) -> np.ndarray:
    names = {name.replace("light_", "light="): value for name, value in strengths.items()}
    return np.array([names.get(name, 0.0) for name in TARGETS], np.float32)


def test_pairs_say_what_pictures_show_and_what_is_asked(lit_pairs):
    mine = album(lit_pairs)
    shown = [{"happy": 1.0}, {"surprised": 1.0, "light=left": 1.0}]
    assert [named(mine.shown[i]) for i in (0, 1)] == shown
    assert [named(mine.asked[i]) for i in (0, 1)] == shown
    # Light alone: the photo's own expression is shown, and asked for by nobody.
    assert named(mine.shown[2]) == {"neutral": 1.0, "light=back": 1.0}
    assert named(mine.asked[2]) == {"light=back": 1.0}
    assert (mine.made.tolist(), mine.photos.tolist()) == ([0, 1, 2], [2])
    other = album(lit_pairs, validation=True)
    assert (other.made.tolist(), other.photos.tolist()) == ([3, 4, 5], [5])


def test_a_picture_is_opened_with_what_it_shows(lit_pairs):
    mine = album(lit_pairs)
    target, label = mine.open(2, photo=False)
    assert np.array_equal(target, lit_pairs.targets[2])
    assert named(label) == {"neutral": 1.0, "light=back": 1.0}
    photo, label = mine.open(2, photo=True)
    assert np.array_equal(photo, lit_pairs.pictures[2])
    assert named(label) == {"neutral": 1.0}


def test_some_pictures_are_of_different_people(lit_pairs):
    everybody = replace(lit_pairs, validation=np.full(6, False))
    assert album(everybody).faces(5) == [(2, True), (5, True)]
    assert album(everybody).faces(1) == [(2, True)]
    unlit = replace(everybody, measured=np.full(6, False))
    assert album(unlit).faces(5) == [(0, False), (3, False)]


def test_strengths_count_from_the_amplitudes_and_the_way(lit_pairs):
    half = replace(lit_pairs, share=np.full(6, 0.5, np.float32))
    assert named(album(half).shown[0]) == {"happy": 0.5}
    found = Album.read(lit_pairs, Amplitudes(happy=2.6), False)
    assert named(found.shown[0]) == {"happy": 0.5}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("light_colour", np.tile([[1.2, 1, 0.8]], (6, 1))),
        ("turn", np.full(6, 7.0, np.float32)),
        ("amplitudes", np.zeros((6, 8), np.float32)),
    ],
)
def test_what_no_number_says_is_left_out(lit_pairs, column, value):
    changed = value.copy()
    changed[[0, 2, 3]] = getattr(lit_pairs, column)[[0, 2, 3]]
    assert album(replace(lit_pairs, **{column: changed})).made.tolist() == [0, 2]


def test_targets_that_are_photos_show_their_label(lit_pairs):
    real = np.array([True] * 6)
    mine = album(replace(lit_pairs, real_target=real, measured=real, light=np.full(6, -1)))
    assert (len(mine.made), len(mine.photos)) == (3, 0)
    assert named(mine.asked[0]) == {"happy": 1.0}


def test_who_is_asked_for_light_alone_keeps_the_expression():
    shown = vector(happy=0.7, light_left=1)
    assert named(expected(shown, vector(light_top=1))) == {"happy": 0.7, "light=top": 1.0}
    assert named(expected(shown, vector(sad=1))) == {"sad": 1.0}
    assert named(expected(shown, vector(sad=1, light_top=1))) == {"sad": 1.0, "light=top": 1.0}


def test_samples_are_functions_of_seed_and_number_and_hold_all_kinds(lit_pairs):
    mine, again = (PictureSamples(album(lit_pairs), LEGANRecipe(size=32), 3) for _ in range(2))
    sizes = {"image": (3, 32, 32), "shown": (28,), "asked": (28,), "wanted": (28,)}
    for number in (5, 2):
        one, two = mine[number], again[number]
        assert {k: tuple(v.shape) for k, v in one.items()} == sizes
        assert all(torch.equal(one[name], two[name]) for name in one)
    drawn = [PictureSamples(album(lit_pairs), PLAIN, 0)[n] for n in range(60)]
    kinds = {tuple(named(one["asked"].numpy())) for one in drawn}
    assert kinds == {("happy",), ("surprised", "light=left"), ("light=back",)}
    assert len({tuple(named(one["shown"].numpy())) for one in drawn}) == 4
    photo = to_signed(lit_pairs.pictures[2], 32)
    photos = [torch.equal(one["image"], photo) for one in drawn]
    assert 18 < sum(photos) < 42
    for one in drawn:
        wanted = expected(one["shown"].numpy(), one["asked"].numpy())
        np.testing.assert_array_equal(one["wanted"], wanted)


def images(table, recoloured: float = 0.0, balanced: float = 0.0) -> list[torch.Tensor]:
    recipe = replace(PLAIN, recoloured=recoloured, balanced=balanced, photos=1.0)
    samples = PictureSamples(album(table), recipe, 1)
    return [samples[number]["image"] for number in range(12)]


def test_pictures_are_drawn_as_they_are_in_anothers_colours_or_another_white_balance(lit_pairs):
    pictures = lit_pairs.pictures.copy()
    pictures[:2, ..., 0] //= 2
    table = replace(lit_pairs, pictures=pictures)
    plain = to_signed(pictures[2], 32)
    assert all(torch.equal(image, plain) for image in images(table))
    presets = [to_signed(white_balanced(pictures[2], kelvin), 32) for kelvin in PRESETS]
    balanced = images(table, balanced=1.0)
    assert all(any(torch.equal(image, one) for one in presets) for image in balanced)
    assert len({float(image.mean()) for image in balanced}) > 2
    # Two of three photos have half the red.
    reds = [float((image - plain)[0].mean()) for image in images(table, recoloured=1.0)]
    assert min(reds) < -0.1
    assert max(reds) > -0.03
