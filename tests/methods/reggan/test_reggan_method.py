import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import made_up
import numpy as np
import pytest
import torch
from registry_hostile import fill

from faceedit.compose.compose import compose
from faceedit.compose.details import EyesDetail, MouthDetail
from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.mask import face_mask
from faceedit.errors import NetworkError, UsageError, WeightsError
from faceedit.faces.align import Crop
from faceedit.faces.topology import IRISES
from faceedit.methods.fields.generator import CROP_SIZE, FieldGenerator
from faceedit.methods.pictures.method import ONSET
from faceedit.methods.reggan import method as module
from faceedit.methods.reggan.condition import BLOCKS
from faceedit.methods.reggan.method import RegGAN, RgbRegGAN, load
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.numerics import Numerics
from faceedit.registry import Checkpoint, load_checkpoint, write_checkpoint
from faceedit.targets import EXPRESSIONS, Expression, Target

CPU = torch.device("cpu")


def target(**strengths: float) -> Target:
    return Target(tuple(Expression(name, s) for name, s in strengths.items()))


def face(number: int = 30, roll: float = 0.0) -> Crop:
    landmarks = made_up.place(made_up.person(number), roll=roll)
    pixels = made_up.draw(landmarks).astype(np.float32) / 255
    return Crop(pixels, landmarks, np.eye(2, 3))


def details(edit: Edit) -> tuple[EyesDetail, MouthDetail]:
    eyes, mouth, *_ = edit.details
    assert isinstance(eyes, EyesDetail)
    assert isinstance(mouth, MouthDetail)
    return eyes, mouth


@pytest.fixture(scope="module")
def generator() -> FieldGenerator:
    generator = made_up.tiny_generator()
    generator.shade_layer.maps[BLOCKS.index("happy")] = -0.1
    return generator


@pytest.fixture(scope="module")
def reggan(generator) -> RegGAN:
    return RegGAN(generator)


def test_an_edit_covers_the_crop_and_brings_its_details(reggan):
    crops = [face(), face(31, 0.1)]
    edits = reggan.edit(crops, target(happy=1.0))
    assert len(edits) == 2
    for crop, edit in zip(crops, edits, strict=True):
        assert edit.size == CROP_SIZE
        assert edit.flow.shape == (128, 128, 2)
        assert edit.log_ratio.shape == (128, 128, 3)
        for field in (edit.flow, edit.log_ratio):
            assert field.dtype == np.float32
            assert field.flags.c_contiguous
        # Nothing is painted but by the details.
        assert not edit.opacity.any()
        eyes, mouth = details(edit)
        assert eyes.points is mouth.points
        assert 0 <= eyes.held.min() <= eyes.held.max() <= 1
        assert mouth.tone.shape == (3,)
        np.testing.assert_array_equal(eyes.points.before, crop.landmarks)
    alone = reggan.edit(crops[1:], target(happy=1.0))[0]
    np.testing.assert_allclose(alone.flow, edits[1].flow, atol=1e-4)
    assert reggan.edit([], target(happy=1.0)) == []


def test_points_move_as_the_shape_layer_says_and_irises_stay(reggan):
    crop = face()
    points = details(reggan.edit([crop], target(happy=0.2))[0])[0].points
    calm, happy = made_up.moves(made_up.person(30))[[0, BLOCKS.index("happy")]]
    wanted = 0.2 * made_up.UNIT * (calm + happy)
    irises = [i for iris in IRISES for i in iris]
    wanted[irises] = 0
    moved = points.after - crop.landmarks[:, :2]
    np.testing.assert_allclose(
        moved[made_up.ABOVE_LIPS], wanted[:478][made_up.ABOVE_LIPS], atol=0.1
    )
    np.testing.assert_array_equal(points.after[irises], crop.landmarks[irises, :2])
    np.testing.assert_allclose(points.jaws_after - points.jaws_before, wanted[478:], atol=0.1)
    assert points.after.dtype == np.float64


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_strength_nothing_is_the_identity_bit_for_bit(reggan, name):
    crop = face()
    edit = reggan.edit([crop], target(**{name: 0.0}))[0]
    assert not edit.flow.any()
    assert not edit.log_ratio.any()
    points = details(edit)[0].points
    np.testing.assert_array_equal(points.after, points.before[:, :2])
    np.testing.assert_array_equal(points.jaws_after, points.jaws_before)
    image = made_up.draw(crop.landmarks)
    result = compose(image, edit, crop.affine, face_mask(crop.landmarks, CROP_SIZE))
    np.testing.assert_array_equal(result, image)


def test_a_smile_changes_the_mouth_and_no_corner(reggan):
    crop = face()
    image = made_up.draw(crop.landmarks)
    edit = reggan.edit([crop], target(happy=1.0))[0]
    result = compose(image, edit, crop.affine, face_mask(crop.landmarks, CROP_SIZE))
    assert result.dtype == np.uint8
    changed = np.abs(result.astype(int) - image).max(-1)
    x, y = np.round(crop.landmarks[[61, 291, 14], :2].mean(0)).astype(int)
    assert changed[y - 10 : y + 10, x - 20 : x + 20].mean() > 5
    for corner in (changed[:12, :12], changed[:12, -12:]):
        assert not corner.any()


def test_blends_ask_for_their_parts(reggan):
    crop = face()
    still = crop.landmarks[:, :2]
    happy, sad, both = (
        details(reggan.edit([crop], asked)[0])[0].points.after - still
        for asked in (target(happy=0.2), target(sad=0.1), target(happy=0.2, sad=0.1))
    )
    # Together they stay within the way to calm, so that nothing is cut off.
    np.testing.assert_allclose(
        both[made_up.ABOVE_LIPS], (happy + sad)[made_up.ABOVE_LIPS], atol=0.01
    )


def test_a_face_has_the_same_teeth_for_every_target(reggan):
    broad = face().landmarks * (1.1, 1.0, 1.0)
    crops = [face(), replace(face(), landmarks=broad)]
    teeth = [
        [details(edit)[1].texture.colour for edit in reggan.edit(crops, asked)]
        for asked in (target(happy=0.2), target(happy=1.5), target(afraid=1.0))
    ]
    for one, other in teeth:
        np.testing.assert_array_equal(one, teeth[0][0])
        np.testing.assert_array_equal(other, teeth[0][1])
        assert np.abs(one - other).mean() > 0.01


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_photo_without_colour_gets_none(reggan, name):
    crop = face()
    grey = replace(crop, pixels=np.repeat(crop.pixels.mean(-1, keepdims=True), 3, axis=-1))
    (edit,) = reggan.edit([grey], target(**{name: 1.0}))
    assert np.ptp(edit.log_ratio, axis=-1).max() < 1e-6
    assert details(edit)[1].colour == 0
    picture = np.rint(grey.pixels * 255).astype(np.uint8)
    edited = compose(picture, edit, grey.affine, face_mask(grey.landmarks, CROP_SIZE))
    assert np.ptp(edited, axis=-1).max() == 0


def test_a_photo_in_colour_keeps_the_colours_of_the_edit(reggan):
    assert details(reggan.edit([face()], target(happy=1.0))[0])[1].colour == 1


def test_expressions_without_weights_are_refused():
    reggan = RgbRegGAN(RgbGenerator(("neutral", "happy"), 64, made_up.tiny_config()))
    with pytest.raises(UsageError, match="no weights for sad; it has neutral, happy"):
        reggan.edit([face()], target(sad=1.0))
    with pytest.raises(UsageError, match="no weights for sad"):
        reggan.edit([], target(sad=1.0))


@pytest.fixture(scope="module")
def checkpoint(generator, tmp_path_factory) -> Checkpoint:
    path = tmp_path_factory.mktemp("weights") / "reggan-fast.safetensors"
    made_up.write_weights(path, generator)
    return load_checkpoint(path, method="reggan", profile="fast")


def test_a_written_checkpoint_gives_the_same_edits(checkpoint, reggan):
    loaded = load(checkpoint, CPU)
    assert isinstance(loaded, RegGAN)
    assert loaded.targets == EXPRESSIONS
    (edit,), (wanted,) = (m.edit([face()], target(happy=1.0)) for m in (loaded, reggan))
    for name in ("flow", "log_ratio"):
        one, two = getattr(edit, name), getattr(wanted, name)
        np.testing.assert_allclose(one, two, atol=0.03 * np.abs(two).max())
    (eyes, mouth), (eyes_wanted, mouth_wanted) = details(edit), details(wanted)
    np.testing.assert_allclose(eyes.points.after, eyes_wanted.points.after, atol=0.2)
    np.testing.assert_allclose(eyes.held, eyes_wanted.held, atol=0.01)
    np.testing.assert_allclose(mouth.tone, mouth_wanted.tone, atol=0.01)
    np.testing.assert_allclose(mouth.texture.colour, mouth_wanted.texture.colour, atol=1e-3)


@pytest.mark.parametrize("name", ["shape_layer.weight", "shade_layer.maps", "tone.bias"])
def test_missing_tensors_are_refused(checkpoint, name):
    assert name in checkpoint.tensors
    tensors = {k: v for k, v in checkpoint.tensors.items() if k != name}
    with pytest.raises(WeightsError, match="reggan fast: the tensors do not fit"):
        load(replace(checkpoint, tensors=tensors), CPU)


@pytest.mark.parametrize("name", ["shape_layer.weight", "refinement.stem.weight"])
def test_tensors_of_another_shape_are_refused(checkpoint, name):
    tensors = {**checkpoint.tensors, name: checkpoint.tensors[name][..., :2]}
    with pytest.raises(WeightsError, match="do not fit"):
        load(replace(checkpoint, tensors=tensors), CPU)


def test_pictures_of_teeth_in_older_checkpoints_are_let_be(checkpoint):
    load(replace(checkpoint, tensors={**checkpoint.tensors, "textures": torch.ones(2)}), CPU)


def test_tensors_that_nobody_knows_are_refused(checkpoint):
    tensors = {**checkpoint.tensors, "styles": torch.ones(2)}
    with pytest.raises(WeightsError, match="styles"):
        load(replace(checkpoint, tensors=tensors), CPU)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: {},
        lambda a: {**a, "components": 4},
        lambda a: {**a, "refinement": {**a["refinement"], "depth": 3}},
        lambda a: {**a, "refinement": {**a["refinement"], "in_channels": 7}},
        lambda a: {**a, "refinement": {**a["refinement"], "attention": False}},
    ],
)
@pytest.mark.parametrize("profile", ["fast", "paper"])
def test_another_architecture_is_refused(checkpoint, profile, change):
    architecture = change(checkpoint.architecture)
    with pytest.raises(WeightsError, match=f"reggan {profile}: .* do not fit"):
        load(replace(checkpoint, architecture=architecture, profile=profile), CPU)


@pytest.fixture
def rgb() -> RgbGenerator:
    torch.manual_seed(0)
    generator = RgbGenerator(("neutral", "happy"), 64, made_up.tiny_config())
    torch.nn.init.normal_(generator.refinement.output.weight, std=0.1)
    return generator.eval()


def paper_weights(path: Path, rgb: RgbGenerator) -> Checkpoint:
    tensors = {k: v.half() if v.is_floating_point() else v for k, v in rgb.state_dict().items()}
    about = {"method": "reggan", "profile": "paper", "architecture": rgb.architecture()}
    write_checkpoint(path, tensors, **about)
    return load_checkpoint(path, profile="paper")


def test_the_paper_profile_paints_the_whole_crop(rgb, tmp_path):
    loaded = load(paper_weights(tmp_path / "p.safetensors", rgb), CPU)
    assert isinstance(loaded, RgbRegGAN)
    assert (loaded.crop_size, loaded.targets) == (64, ("neutral", "happy"))
    pixels = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    crop = Crop(pixels, made_up.place(made_up.person(0)), np.eye(2, 3))
    edit = loaded.edit([crop], target(happy=1.0))[0]
    assert isinstance(edit.paint, RasterPaint)
    with torch.no_grad():
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None] * 2 - 1
        expected = (rgb(x, torch.tensor([[0.0, 1.0]])) + 1) / 2
    expected = expected[0].clamp(0, 1).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(edit.paint.pixels, expected, atol=0.02)
    assert (edit.opacity == 1).all()
    assert not edit.flow.any()
    assert not edit.log_ratio.any()
    assert edit.details == ()
    assert loaded.edit([], target(happy=1.0)) == []
    with pytest.raises(UsageError, match="no weights for sad; it has neutral, happy"):
        loaded.edit([crop], target(sad=1.0))


@pytest.mark.parametrize(("strength", "opacity"), [(0.0, 0.0), (ONSET / 3, 1 / 3), (ONSET, 1.0)])
def test_the_painted_picture_fades_in(rgb, strength, opacity):
    crop = Crop(np.full((64, 64, 3), 0.5, "f4"), made_up.place(made_up.person(0)), np.eye(2, 3))
    edit = RgbRegGAN(rgb).edit([crop], target(happy=strength))[0]
    np.testing.assert_allclose(edit.opacity, opacity, rtol=1e-6)


@pytest.mark.parametrize(
    ("start", "value"),
    [
        ("shape_layer.weight", 1e4),
        ("shape_layer.weight", 1e30),
        ("shape_layer.jaws", 1e30),
        ("shade_layer.maps", 1e3),
        ("refinement.stem", 1e38),
        ("refinement.output", 1e5),
        ("refinement.output", 1e38),
        ("spectacles", 1e38),
    ],
)
def test_weights_that_lead_beyond_all_measure_edit_nothing(checkpoint, start, value):
    tensors = dict(checkpoint.tensors)
    fill(start, value)(tensors, {})
    loud = load(replace(checkpoint, tensors=tensors), CPU)
    with pytest.raises(NetworkError, match=r"^the network's answer is "):
        loud.edit([face()], target(happy=1.0))


def test_a_picture_that_overflows_before_its_tanh_is_no_white_one(rgb, tmp_path):
    checkpoint = paper_weights(tmp_path / "x.safetensors", rgb)
    for precision, value in (("fp32", 1e38), ("bf16", 1e38), ("fp16", 6e4)):
        tensors = dict(checkpoint.tensors)
        fill("refinement.output", value)(tensors, {})
        loud = load(replace(checkpoint, tensors=tensors), CPU, Numerics(precision))
        crop = face()
        small = Crop(crop.pixels[:64, :64].copy(), crop.landmarks, crop.affine)
        with pytest.raises(NetworkError, match=r"not finite \(picture\)"):
            loud.edit([small], target(happy=1.0))


def test_one_name_for_both_profiles():
    assert module.RegGAN.name == module.RgbRegGAN.name == "reggan"


def test_editing_photos_loads_nothing_of_the_studio():
    script = (
        "import sys, faceedit.editing.build, faceedit.methods.reggan.method\n"
        "print([n for n in sys.modules if n.startswith(('faceedit.studio', 'numba', 'scipy'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
