"""Several parts of a target in one edit, by made-up methods: a turner, a smiler and a lamp."""

import itertools
import json
import sys
from dataclasses import replace
from importlib.resources import files
from types import ModuleType

import cv2
import jsonschema
import numpy as np
import pytest
import torch
from PIL import Image

from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.mask import REGIONS, Region, draw_mask, region_mask
from faceedit.compose.turn.head import turn_degrees
from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.editing.editor import FaceEditor
from faceedit.editing.gate import Shown
from faceedit.editing.guard import Guard, SamePerson
from faceedit.editing.reference import resolve_like, resolve_relight
from faceedit.editing.steps import Step, apply_edits, carry_landmarks, make_edits, step_masks
from faceedit.errors import UsageError, WeightsError
from faceedit.faces.align import extract_crop
from faceedit.faces.batching import Batching
from faceedit.faces.pose import head_pose
from faceedit.methods.catalogue import METHODS
from faceedit.recognisers.appearance import AppearanceReading
from faceedit.registry import write_checkpoint
from faceedit.targets import ATTRIBUTES, LightChange, Part, Turn, parse_target

BOTH = parse_target("happy:0.5 turn=yaw=10")
EVERYTHING = parse_target("happy turn=yaw=10 attr=beard=off light=left:0.5")


class Painter:
    """A method that pulls pixels by `shift` and lights them by `gain`; keeps what it is shown."""

    profile = "made-up"
    wide = False
    matte: np.ndarray | None = None

    def __init__(self, name, targets, crop_size, shift=0.0, gain=0.0, region: Region = "face"):
        self.name, self.targets, self.crop_size = name, tuple(targets), crop_size
        self.shift, self.gain = shift, gain
        self.region: Region = region
        self.seen = []

    def edit(self, crops, target):
        self.seen.append((str(target), crops))
        return [self._one(target.strength) for _ in crops]

    def _one(self, strength):
        flow, ratio = np.zeros((32, 32, 2), np.float32), np.full((32, 32, 3), self.gain, np.float32)
        flow[..., 0] = self.shift * self.crop_size / 100
        nothing = np.zeros((32, 32), np.float32)
        paint = RasterPaint(np.zeros((32, 32, 3), np.float32), self.crop_size)
        edit = Edit(flow, ratio, nothing, paint, self.crop_size, region=self.region)
        return replace(edit.scaled(strength), wide=self.wide, matte=self.matte)


@pytest.fixture
def steps():
    return (
        Step(Painter("turner", ["turn"], 128, shift=4.0, region="head"), (Part.TURN,)),
        Step(Painter("smiler", ["happy"], 64, shift=-2.0, gain=0.4), (Part.EXPRESSION,)),
        Step(Painter("barber", ["attr=beard"], 64, gain=-0.1), (Part.ATTRIBUTES,)),
        Step(Painter("lamp", ["light=left"], 128, gain=0.3, region="person"), (Part.LIGHT,)),
    )


def changed(before, after):
    return (before != after).any(-1)


def test_each_method_sees_what_the_ones_before_it_made(finder, steps, astronaut):
    editor = FaceEditor(finder, steps)
    edited = editor.edit_pixels(astronaut // 2, EVERYTHING)
    turner, smiler, barber, lamp = (step.method.seen for step in steps)
    assert [seen[0][0] for seen in (turner, smiler, barber, lamp)] == [
        "turn=yaw=10", "happy", "attr=beard=off", "light=left:0.5",
    ]  # fmt: skip
    (first,), (second,), (last,) = turner[0][1], smiler[0][1], lamp[0][1]
    assert (first.size, second.size, last.size) == (128, 64, 128)
    # Pixels come from 4 % of the crop to the right: the face goes to the left, and is found there.
    moved = second.landmarks[1, 0] * 2 + 0.5 - first.landmarks[1, 0]
    assert moved == pytest.approx(-0.04 * 128, abs=0.2)
    assert last.landmarks[1, 0] - first.landmarks[1, 0] == pytest.approx(-0.02 * 128, abs=0.3)
    assert last.pixels[40:90, 40:90].mean() > first.pixels[40:90, 40:90].mean() * 1.15
    assert len(edited.edits[0]) == 4
    assert edited.applied == (EVERYTHING,)
    assert edited.scores[0]["strength"] == pytest.approx(3.5)


def test_nothing_is_rounded_in_between(finder, astronaut):
    """Light up and down again: in floats nothing is lost, in bytes most of a dark face would be."""
    up, down = (
        Painter("up", ["happy"], 64, gain=-2.5),
        Painter("down", ["light=left"], 64, gain=2.5),
    )
    dark = FaceEditor(finder, (Step(up, (Part.EXPRESSION,)), Step(down, (Part.LIGHT,))))
    edited = dark.edit_pixels(astronaut, parse_target("happy light=left"))
    assert np.abs(edited.pixels.astype(int) - astronaut).max() <= 1


def test_one_step_is_the_method_alone(finder, make_method, steps, astronaut):
    alone = FaceEditor(finder, (Step(make_method()),)).edit_pixels(astronaut, parse_target("happy"))
    among = (*steps[:1], Step(make_method(), (Part.EXPRESSION,)))
    several = FaceEditor(finder, among).edit_pixels(astronaut, parse_target("happy"))
    assert steps[0].method.seen == []
    # The crop is larger, as the turner takes it; what is done is the same.
    apart = np.abs(several.pixels.astype(int) - alone.pixels)
    assert apart.mean() < 0.1 * np.abs(alone.pixels.astype(int) - astronaut).mean()


def test_company_and_batches_change_no_bit(finder, steps, five):
    results = [
        FaceEditor(finder, steps, batching=Batching(size)).edit_pixels(five, BOTH).pixels
        for size in (1, 4)
    ]
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("region", REGIONS)
def test_outside_its_region_an_edit_changes_no_pixel(finder, astronaut, region: Region):
    (face,) = finder.find(astronaut)
    crop = extract_crop(astronaut, face.landmarks, 128)
    method = Painter("any", ["happy"], 128, shift=3.0, gain=0.2, region=region)
    ((edit,),) = make_edits((Step(method),), [crop], [parse_target("happy")], Batching())
    ((mask,),) = step_masks([crop], [(edit,)])
    np.testing.assert_array_equal(mask, region_mask(region, crop.landmarks, 128))
    where = changed(astronaut, compose(astronaut, edit, crop.affine, mask))
    assert where.sum() > 1000
    weight = draw_mask(mask, crop.affine, astronaut.shape[:2])
    assert not where[weight == 0].any()
    assert where[weight > 0.5].mean() > 0.9


def test_regions_hold_one_another(astronaut, finder):
    (face,) = finder.find(astronaut)
    # Small in its crop, so that there is room for shoulders.
    landmarks = 0.35 * (extract_crop(astronaut, face.landmarks, 128).landmarks - 64) + 64
    masks = [region_mask(region, landmarks, 128) > 0 for region in REGIONS]
    for smaller, larger in itertools.pairwise(masks):
        assert (larger | ~smaller).all()
        assert larger.sum() > smaller.sum()


def test_a_wide_edit_reaches_around_the_crop_and_no_further_than_its_matte(finder, astronaut):
    (face,) = finder.find(astronaut)
    photo = np.ascontiguousarray(astronaut[:400])
    lamp = Painter("lamp", ["light=left"], 64, gain=0.3, region="crop")
    lamp.wide = True
    smiler = Painter("smiler", ["happy"], 128, shift=-2.0)
    steps = (Step(smiler, (Part.EXPRESSION,)), Step(lamp, (Part.LIGHT,)))
    editor = FaceEditor(finder, steps)
    lit = changed(photo, editor.edit_faces(photo, [face], parse_target("light=left")).pixels)
    crop = editor.cut(photo, face)
    inside = draw_mask(np.ones((128, 128), np.float32), crop.affine, photo.shape[:2]) > 0
    around = draw_mask(np.ones((256, 256), np.float32), crop.wide.affine, photo.shape[:2]) > 0
    assert (lit & ~inside).sum() > 0.5 * inside.sum()
    assert not lit[~around].any()
    both = editor.edit_faces(photo, [face], parse_target("happy light=left"))
    shown = lamp.seen[-1][1][0]
    assert shown.size == 64
    # A wide crop of 64 pixels shows the crop of 128 four times as small, with the face moved.
    moved = (shown.landmarks[1, 0] + 0.5) * 4 - 0.5 - 64
    assert moved == pytest.approx(crop.landmarks[1, 0] + 0.02 * 128, abs=0.2)
    assert changed(photo, both.pixels)[~inside].sum() == lit[~inside].sum()
    lamp.matte = np.repeat(np.array([[1, 0]], np.float32), 32, 1).repeat(64, 0)
    halved = changed(photo, editor.edit_faces(photo, [face], parse_target("light=left")).pixels)
    assert 0.2 * lit.sum() < halved.sum() < 0.7 * lit.sum()
    assert not halved[~lit].any()


def test_landmarks_go_where_the_flow_takes_them_or_the_method_says(astronaut, finder):
    (face,) = finder.find(astronaut)
    crop = extract_crop(astronaut, face.landmarks, 128)
    edit = Painter("any", ["happy"], 64, shift=5.0).edit([crop], parse_target("happy"))[0]
    carried = carry_landmarks(crop.landmarks, edit, 128)
    np.testing.assert_allclose(carried[:, 0], crop.landmarks[:, 0] - 6.4, atol=1e-3)
    said = replace(edit, landmarks=np.full((478, 3), 10.0, np.float32))
    assert carry_landmarks(crop.landmarks, said, 128)[0].tolist() == [20.5, 20.5, 20.0]
    np.testing.assert_array_equal(apply_edits(crop, (edit.scaled(0),)).landmarks, crop.landmarks)


def test_what_no_step_makes_is_refused(finder, steps, astronaut):
    editor = FaceEditor(finder, steps[:2])
    with pytest.raises(UsageError, match="nothing that is loaded makes light"):
        editor.edit_pixels(astronaut, parse_target("happy light=left"))


def test_each_part_is_asked_whether_it_shows_already(finder, steps, astronaut):
    class Attributes:
        def read(self, crops, batch):
            has = np.array([float(name == "bangs") for name in ATTRIBUTES])
            sure = np.array([0.9 if name != "beard" else 0.6 for name in ATTRIBUTES])
            blank = np.zeros((4, 4), np.uint8)
            one = AppearanceReading(blank, np.ones(20) / 20, np.zeros(3), has, sure)
            return [one] * len(crops)

    (face,) = finder.find(astronaut)
    crop = extract_crop(astronaut, face.landmarks, 128)
    shown = Shown(None, Attributes())  # pyright: ignore[reportArgumentType]

    def left(text):
        (showing,) = shown.look([crop], [parse_target(text)], Batching())
        return str(showing.left), showing.far

    assert left("attr=bangs=on") == ("attr=bangs=on:0", 1)
    assert left("attr=bangs=off") == ("attr=bangs=off", 0)
    # It has no beard as far as is known, which is not sure enough.
    assert left("attr=beard=off") == ("attr=beard=off", 0)
    # No network tells kinds of spectacles, or these colours.
    assert left("attr=eyeglasses=round")[1] == left("attr=hair=red")[1] == 0
    assert left("attr=bangs=on,eyeglasses=on") == ("attr=bangs=on:0,eyeglasses=on", 0)
    assert left("light=left attr=bangs=on") == ("attr=bangs=on:0 light=left", 0)
    straight = [left(f"turn=to={degrees}")[1] for degrees in range(-40, 41, 2)]
    assert 1 <= sum(straight) <= 3
    assert left("turn=yaw=10")[1] == 0


def test_the_guard_compares_the_whole_with_the_photo(finder, steps, astronaut):
    from faceedit.recognisers.identity import IdentityRecogniser
    from faceedit.registry import open_registry

    network = IdentityRecogniser.load(open_registry().checkpoint("identity"))

    def edit(least):
        guard = Guard((SamePerson(least, network),))
        return FaceEditor(finder, steps, guard=guard).edit_pixels(astronaut, EVERYTHING)

    free = edit(-1.0)
    least = (1 + free.scores[0]["identity"]) / 2
    held = edit(least)
    assert held.scores[0]["strength"] < free.scores[0]["strength"]
    assert held.scores[0]["identity"] >= least
    assert set(held.applied[0].to_json().values()) <= {0.8, 0.6, 0.4, 0.2, 0.3, 0.1, 0.0}


def test_facts_name_every_step(finder, steps):
    one = FaceEditor(finder, (Step(steps[0].method, (Part.TURN,), "ab"),))
    assert {key: one.facts[key] for key in ("method", "profile", "weights_sha256")} == {
        "method": "turner", "profile": "made-up", "weights_sha256": "ab",
    }  # fmt: skip
    assert "steps" not in one.facts
    two = FaceEditor(finder, (Step(steps[0].method, (Part.TURN,), "ab"), replace(steps[1])))
    assert two.facts["method"] == "turner+smiler"
    assert two.facts["steps"][0] == {
        "parts": ["turn"], "method": "turner", "profile": "made-up", "weights_sha256": "ab",
    }  # fmt: skip


@pytest.fixture
def lamp(monkeypatch):
    """A method for light in the list, which loads from any checkpoint."""
    lamp = Painter("lamp", ["light=left"], 64, gain=0.3)
    module = ModuleType("made_up_lamp")
    module.__dict__["load"] = lambda checkpoint, *_: lamp
    monkeypatch.setitem(sys.modules, "made_up_lamp", module)
    line = replace(METHODS["reggan"], name="lamp", targets=lamp.targets, module="made_up_lamp")
    monkeypatch.delitem(METHODS, "legan")
    monkeypatch.setitem(METHODS, "lamp", line)
    return lamp


def test_a_plan_takes_methods_from_the_list_and_weights_from_the_registry(
    lamp, fake_weights, tmp_path, monkeypatch, astronaut
):
    folder = tmp_path / "user"
    tensors = {"weight": torch.ones(1)}
    path = folder / "lamp-fast.safetensors"
    sha256 = write_checkpoint(path, tensors, method="lamp", profile="fast", architecture={})
    card = f"""
[checkpoints.lamp-fast]
method = "lamp"
profile = "fast"
file = "lamp-fast.safetensors"
sha256 = "{sha256}"
size = {path.stat().st_size}
crop_size = 64
targets = ["light=left"]
head = "compose"
data = "made up"
licence = "CC0"
"""
    (folder / "registry.toml").write_text(card)
    monkeypatch.setenv("FACEEDIT_WEIGHTS", str(folder))
    target = parse_target("happy light=left")
    settings = EditSettings(target, weights=fake_weights(), device="cpu", edit_shown=True)
    networks = EditNetworks(settings)
    editor = networks.editor(target)
    assert editor.label == "reggan fake, lamp made-up"
    assert editor.facts["steps"][1]["weights_sha256"] == sha256
    schema = json.loads((files("faceedit") / "schemas" / "manifest.schema.json").read_text())
    jsonschema.validate(editor.facts["steps"], schema["properties"]["steps"])
    assert set(editor.targets) == {"neutral", "happy", "surprised", "light=left"}
    with pytest.raises(WeightsError, match="reggan"):  # the file that was given is for no lamp
        networks.editor(parse_target("light=left"))
    edited = editor.edit_pixels(astronaut, target)
    assert changed(astronaut, edited.pixels).any()
    assert [seen for seen, _ in lamp.seen] == ["light=left"]


def test_a_reference_for_landmarks_becomes_a_pose_as_well(finder, astronaut, tmp_path):
    class Fixed:
        def read(self, crops, batch):
            return [np.full(17, 2.0)]

    # Rolled by 20 degrees, for which an upright crop has to make up.
    about = cv2.getRotationMatrix2D((223, 140), -20, 1.0)
    rolled = cv2.warpAffine(astronaut, about, (448, 448), borderMode=cv2.BORDER_REPLICATE)
    photo = tmp_path / "reference.png"
    Image.fromarray(rolled).save(photo)
    target = parse_target(f"landmarks-like={photo} light=left").scaled(0.5)
    resolved = resolve_like(target, finder, Fixed())
    assert resolved.parts == (Part.TURN, Part.UNITS, Part.LIGHT)
    (turn,) = (one for one in resolved.terms if isinstance(one, Turn))
    own = head_pose(finder.find(astronaut)[0].landmarks)
    assert turn.strength == 0.5
    assert (turn.to, turn.up) == (pytest.approx(own.yaw, abs=4), pytest.approx(own.pitch, abs=4))
    assert turn.tilt == pytest.approx(own.roll + 20, abs=4)
    # A face that has the pose already stays as it is.
    crop = extract_crop(rolled, finder.find(rolled)[0].landmarks, 256)
    assert turn_degrees(replace(turn, strength=1), crop.landmarks, crop.affine) < 1


def test_a_reference_becomes_action_units(finder, astronaut, tmp_path):
    class Fixed:
        def read(self, crops, batch):
            return [np.linspace(0, 5.2, 17)]

    photo = tmp_path / "reference.png"
    Image.fromarray(astronaut).save(photo)
    target = parse_target([f"like={photo}", "light=left"]).scaled(0.5)
    resolved = resolve_like(target, finder, Fixed())
    assert [(one.unit, one.intensity, one.strength) for one in resolved.units[:3]] == [
        (1, 0.0, 0.5), (2, 0.3, 0.5), (4, 0.6, 0.5),
    ]  # fmt: skip
    assert resolved.units[-1].intensity == 5
    assert resolved.only(Part.LIGHT) == target.only(Part.LIGHT)
    with pytest.raises(UsageError, match="only 1 face"):
        resolve_like(parse_target(f"like={photo}#2"), finder, Fixed())


def test_a_reference_becomes_a_light(finder, astronaut, tmp_path):
    sizes = []

    class Fixed:
        crop_size = 64

        def read_light(self, crop):
            sizes.append(crop.size)
            return LightChange("own", azimuth=-40.0, fill=0.2)

    photo, reader = tmp_path / "reference.png", Fixed()
    Image.fromarray(astronaut).save(photo)
    target = parse_target([f"relight-like={photo}", "happy"]).scaled(0.5)
    resolved = resolve_relight(target, finder, reader)
    assert str(resolved) == "happy:0.5 light=az=-40,el=0,softness=0.3,fill=0.2:0.5"
    assert sizes == [64]
    with pytest.raises(UsageError, match="only 1 face"):
        resolve_relight(parse_target(f"relight-like={photo}#2"), finder, reader)


def test_units_count_from_what_each_face_shows(finder, steps, astronaut):
    """A unit that is set rises by what is missing; one that is hardly there counts as not there."""
    crop = extract_crop(astronaut, finder.find(astronaut)[0].landmarks, 64)

    class Fixed:
        def read(self, crops, batch):
            shown = [np.zeros(17) for _ in crops]
            for row, smile in zip(shown, (2.0, 0.2, 3.5), strict=True):
                row[8] = smile  # AU 12
            return shown

    method = Painter("dials", ["au=12", "happy"], 64)
    step = Step(method, (Part.UNITS, Part.EXPRESSION), reader=Fixed())
    made = make_edits([step], [crop] * 3, [parse_target("au=12=3.5")] * 3, Batching(4))
    assert [asked for asked, _ in method.seen] == ["au=12+1.5", "au=12+3.5", "au=1+0"]
    assert all(len(own) == 1 for own in made)
