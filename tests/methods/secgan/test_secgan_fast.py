from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from faceedit.batch.result import notes_of
from faceedit.compose.compose import compose
from faceedit.compose.hair.colour import KNOTS, Tones
from faceedit.compose.mask import region_mask
from faceedit.editing.steps import carry_landmarks
from faceedit.faces.align import extract_crop
from faceedit.faces.landmark_maps import CHANNELS
from faceedit.faces.topology import mean_shape
from faceedit.methods.fields.shade_layer import ATLAS_SIZE
from faceedit.methods.secgan import HAIR_COLOURS
from faceedit.methods.secgan.bald import shave_head
from faceedit.methods.secgan.bangs import grow_fringe
from faceedit.methods.secgan.crown import grow_crown
from faceedit.methods.secgan.face import Difference
from faceedit.methods.secgan.forehead import clear_forehead
from faceedit.methods.secgan.hair_network import HairNetwork
from faceedit.methods.secgan.measured import Measured, pack, unpack
from faceedit.methods.secgan.method import load
from faceedit.methods.secgan.skin import Complexion
from faceedit.methods.secgan.teaching import learn
from faceedit.methods.secgan.uncover import UncoverNetwork
from faceedit.regions import Region
from faceedit.registry import open_registry
from faceedit.targets import parse_target

TONES = Tones(np.arange(3, dtype=np.float32), 0.5, np.ones((len(KNOTS), 2), np.float32))
SKIN = {on: Complexion(4.0, 0.01, np.ones(2, np.float32), (0.1, 0.5)) for on in (True, False)}


def test_what_was_measured_survives_its_checkpoint():
    shade = np.linspace(-0.1, 0.1, ATLAS_SIZE**2 * 3, dtype=np.float32)
    age = Difference(shade.reshape(ATLAS_SIZE, ATLAS_SIZE, 3), mean_shape())
    sex = Difference(-age.shade, -age.shape)
    faces = {"young": age, "male": sex}
    tensors = pack(Measured(dict.fromkeys(HAIR_COLOURS, TONES), SKIN, faces))
    read = unpack(tensors)
    np.testing.assert_array_equal(read.hair["red_hair"].level, TONES.level)
    assert read.hair["red_hair"].gains == TONES.gains
    assert read.skin[False].gains == pytest.approx((0.1, 0.5))
    np.testing.assert_allclose(read.faces["young"].shade, age.shade, atol=1e-4)
    np.testing.assert_allclose(read.faces["male"].shape, sex.shape, atol=1e-3)
    tensors["pale_skin=on"] = tensors["pale_skin=on"][:-1]
    with pytest.raises(ValueError, match="pale_skin=on"):
        unpack(tensors)


def test_a_hair_network_survives_its_architecture():
    network = HairNetwork((8, 8, 8), (8, 8)).eval()
    again = HairNetwork.from_architecture(network.architecture()).eval()
    again.load_state_dict(network.state_dict())
    pictures, maps = torch.rand(2, 3, 64, 64), torch.rand(2, len(CHANNELS), 32, 32)
    with torch.no_grad():
        told = network(pictures, maps)
        assert torch.equal(again(pictures, maps), told)
    assert told.shape == (2, 1, 64, 64)


@pytest.fixture(scope="module")
def shipped():
    return load(open_registry().open_method("secgan"), torch.device("cpu"))


@pytest.fixture(scope="module")
def person(finder, astronaut):
    (face, *_) = finder.find(astronaut)
    return extract_crop(astronaut, face.landmarks, 128, wide=True).wide


def drawn(crop, edit):
    mask = region_mask(edit.region, crop.landmarks, crop.size)
    return compose(crop.to_bytes(), edit, np.eye(2, 3), mask).astype(int)


@pytest.mark.parametrize(
    "text",
    ["beard=on", "moustache=on", "bushy_eyebrows=on", "pale_skin=on", "pale_skin=off", "age=young",
     "age=old", "sex=male", "sex=female"],
)  # fmt: skip
def test_an_attribute_changes_its_segment_alone_and_0_of_it_nothing(shipped, person, text):
    (edit,) = shipped.edit([person], parse_target(f"attr={text}"))
    photo = person.to_bytes().astype(int)
    np.testing.assert_array_equal(drawn(person, edit.scaled(0.0)), photo)
    change = np.abs(drawn(person, edit) - photo).max(-1)
    half = np.abs(drawn(person, edit.scaled(0.5)) - photo).max(-1)
    assert change.max() > 20
    assert 0 < half.mean() < change.mean()
    near = change[64:192, 64:192]
    (scene,) = shipped.look([person])
    beyond = scene.near[[Region.CLOTHES, Region.BACKGROUND]].sum(0) > 0.95
    assert near[beyond].mean() < 2.5
    after = carry_landmarks(person.landmarks, replace(edit, wide=False), person.size)
    before, moved = (iris(picture, points) for picture, points in (
        (photo, person.landmarks), (drawn(person, edit), after)))  # fmt: skip
    assert np.abs(before - moved).max() < 4


def iris(picture, points):
    """Return the mean colours of both irises."""
    at = points[[468, 473], None, :2] + np.mgrid[-1:2, -1:2].reshape(2, -1).T
    x, y = np.ascontiguousarray(at.astype(np.float32).transpose(2, 0, 1))
    return cv2.remap(picture.astype(np.float32), x, y, cv2.INTER_LINEAR).mean(1)


def test_spectacles_come_off_and_dark_ones_stay(shipped, person):
    def edited(crop, text):
        (edit,) = shipped.edit([crop], parse_target(f"attr={text}"))
        pixels = drawn(crop, edit).astype(np.float32) / 255
        return replace(crop, pixels=pixels), edit

    worn, _ = edited(person, "eyeglasses=thick")
    bare, _ = edited(worn, "eyeglasses=off")
    with_, without = (np.abs(one.pixels - person.pixels).mean() for one in (worn, bare))
    assert without < 0.5 * with_
    for crop in (person, edited(person, "eyeglasses=sunglasses")[0]):
        assert not edited(crop, "eyeglasses=off")[1].details


def test_beards_come_off_and_long_ones_say_why_not(shipped, person):
    def edited(crop, text):
        (edit,) = shipped.edit([crop], parse_target(f"attr={text}"))
        return replace(crop, pixels=drawn(crop, edit).astype(np.float32) / 255), edit

    worn, _ = edited(person, "moustache=on")
    bare, edit = edited(worn, "moustache=off")
    with_, without = (np.abs(one.pixels - person.pixels).mean() for one in (worn, bare))
    assert without < 0.6 * with_
    photo = worn.to_bytes().astype(int)
    np.testing.assert_array_equal(drawn(worn, edit.scaled(0.0)), photo)
    (scene,) = shipped.look([worn])
    bearded, _ = edited(person, "beard=on")
    hair = np.array([0.1, 0.07, 0.05], np.float32)
    long = np.where(scene.below((152,), 0.1)[..., None] > 0, hair, bearded.pixels)
    (left,) = shipped.edit([replace(bearded, pixels=long)], parse_target("attr=beard=off"))
    assert not left.details and "jaw" in left.left[0]


def test_a_step_teaches_the_network_that_uncovers():
    torch.manual_seed(0)
    network = UncoverNetwork((4, 8, 8, 8), (8, 8, 8))
    wanted = torch.rand(2, 3, 16, 32)
    shown = wanted.clone()
    shown[..., 4:12, 8:24] = 0.1
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)
    first, *_, last = (learn(network, optimiser, shown, wanted) for _ in range(4))
    assert last < first


def test_hair_goes_and_what_it_hides_says_why_not(shipped, person):
    change = parse_target("attr=bald=on")
    (edit,) = shipped.edit([person], change)
    assert (edit.details, edit.left) == ((), ("bald=on: hair hides an ear",))
    assert notes_of((), [(edit,)]) == ("left as it is: bald=on: hair hides an ear",)
    (scene,) = shipped.look([person])
    near, x = scene.near.copy(), np.arange(64, 192)
    ears = np.minimum(
        *(np.abs(x - person.landmarks[k, 0] - off) for k, off in ((127, -3), (356, 3)))
    )
    near[Region.EARS] = 0
    near[Region.EARS, 40:66] = ears < 4
    seen = replace(scene, near=near)
    seen.__dict__["hair"] = scene.hair * (1 - np.pad(near[Region.EARS], 64))
    made, reason = shave_head(seen, *change.attributes)
    assert made is not None and not reason
    photo = person.to_bytes().astype(int)
    change_of = np.abs(drawn(person, replace(edit, details=(made,))) - photo).max(-1)
    upper = seen.hair * (1 - scene.below((4,), 0.1))
    assert change_of[upper > 0.9].mean() > 30
    face = person.landmarks[[4, 152, 205, 425, 468, 473], :2].round().astype(int)
    assert change_of[face[:, 1], face[:, 0]].max() == 0
    seen.__dict__["hair"] = np.maximum(scene.hair, scene.below((4,), 0.1) * (scene.person > 0.5))
    assert shave_head(seen, *change.attributes) == (None, "the hair is long")


def test_a_fringe_falls_over_the_forehead_and_curls_say_why_not(shipped, person):
    target = parse_target("attr=bangs=on")
    (edit,) = shipped.edit([person], target)
    assert not edit.left
    photo = person.to_bytes().astype(int)
    change = np.abs(drawn(person, edit) - photo).max(-1)
    points = person.landmarks[:, :2].round().astype(int)
    above = [int(points[k, 0]) for k in (9, 66, 296)], [int(points[k, 1]) - 6 for k in (9, 66, 296)]
    assert change[above[1], above[0]].max() > 20
    assert change[points[[4, 152, 205, 425], 1], points[[4, 152, 205, 425], 0]].max() == 0
    np.testing.assert_array_equal(drawn(person, edit.scaled(0.0)), photo)
    (dyed,) = shipped.edit([person], parse_target("attr=bangs=on,hair=red"))
    assert len(dyed.details) == 1 and "run of its own" in dyed.left[0]
    (pale,) = shipped.edit([person], parse_target("attr=bald=on,pale_skin=on"))
    assert len(pale.details) == 1 and "with pale_skin it needs" in pale.left[0]
    (scene,) = shipped.look([person])
    noise = np.random.default_rng(0).random(person.pixels.shape, np.float32)
    curls = replace(person, pixels=np.where(scene.hair[..., None] > 0.1, noise, person.pixels))
    curly = replace(scene, crop=curls)
    curly.__dict__["hair"] = scene.hair
    made, reason = grow_fringe(curly, *target.attributes)
    assert made is None and "strands" in reason


def test_a_forehead_is_cleared_of_hair_and_hidden_brows_say_why_not(shipped, person):
    target = parse_target("attr=bangs=off")
    (scene,) = shipped.look([person])
    brow = float(person.landmarks[[66, 296], 1].min()) - 3
    fringe = np.zeros_like(scene.hair)
    left, right = person.landmarks[[54, 284], 0].round().astype(int)
    fringe[round(float(person.landmarks[10, 1])) : round(brow), left:right] = 1
    pixels = np.where(fringe[..., None] > 0, np.float32(0.05), person.pixels)
    fringed = replace(scene, crop=replace(person, pixels=pixels))
    fringed.__dict__["hair"] = np.maximum(scene.hair, fringe)
    details, reason = clear_forehead(fringed, *target.attributes)
    assert details and not reason
    (edit,) = shipped.edit([person], target)
    made = drawn(fringed.crop, replace(edit, details=details))
    x, y = person.landmarks[[9, 151], :2].round().astype(int).T
    skin = person.to_bytes()[y[0], x[0]].astype(int)
    assert np.abs(made[y, x] - skin).max() < 30
    assert (made == fringed.crop.to_bytes())[round(float(person.landmarks[1, 1])) :].all()
    fringed.__dict__["hair"] = np.maximum(scene.hair, 1 - scene.below((4,), 0.1))
    assert clear_forehead(fringed, *target.attributes) == ((), "hair hides the brows")


def test_hair_grows_on_a_skull_and_not_on_the_face(shipped, person):
    target = parse_target("attr=bald=off")
    (edit,) = shipped.edit([person], target)
    (scene,) = shipped.look([person])
    scene.__dict__["hair"] = np.zeros_like(scene.hair)
    made, reason = grow_crown(scene, *target.attributes)
    assert made is not None and not reason
    edit = replace(edit, details=(made,))
    photo = person.to_bytes().astype(int)
    np.testing.assert_array_equal(drawn(person, edit.scaled(0.0)), photo)
    change = np.abs(drawn(person, edit) - photo).max(-1)
    x, y = person.landmarks[10, :2].round().astype(int)
    assert change[y - 15 : y - 5, x - 5 : x + 5].mean() > 20
    face = person.landmarks[[9, 4, 152, 205, 425], :2].round().astype(int)
    assert change[face[:, 1], face[:, 0]].max() == 0
    hidden = replace(scene, person=np.zeros_like(scene.person))
    hidden.__dict__["hair"] = scene.hair
    assert grow_crown(hidden, *target.attributes) == (None, "too little of the head is seen")


def test_attributes_lie_over_each_other(shipped, person):
    target = parse_target("attr=age=old,beard=on,eyeglasses=round,hair=red,pale_skin=on")
    (edit,) = shipped.edit([person], target)
    names = [type(one).__name__ for one in edit.details]
    assert names[0] == "SkinRelief" and names[-2:] == ["Growth", "Eyewear"]
    assert np.isfinite(drawn(person, edit)).all()


def test_a_beard_has_the_colour_that_hair_is_given(shipped, person):
    (edit,) = shipped.edit([person], parse_target("attr=beard=on"))
    (red,) = shipped.edit([person], parse_target("attr=beard=on,hair=red"))
    (half,) = shipped.edit([person], parse_target("attr=beard=on,hair=red:0.5"))

    def redness(edit):
        colour = edit.details[-1].hairs.colours.mean(0)
        return colour[0] / colour[2]

    assert redness(edit) < redness(half) < redness(red)
    assert redness(red) > 1.5
