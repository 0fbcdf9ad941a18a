from dataclasses import replace

import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError, WeightsError
from faceedit.faces.align import Crop
from faceedit.faces.compose import compose
from faceedit.faces.edit import RasterPaint, TexturePaint
from faceedit.faces.mask import face_mask
from faceedit.faces.topology import mean_shape
from faceedit.methods.reggan import method as module
from faceedit.methods.reggan import train_fast, train_paper
from faceedit.methods.reggan.generator import CROP_SIZE
from faceedit.methods.reggan.method import RegGAN, RgbRegGAN, load
from faceedit.methods.reggan.mouth import TEXTURE_SIZE, TEXTURE_SPAN, UPPER_LIP
from faceedit.methods.reggan.recipe import FastRecipe, RegGANRecipe
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.methods.reggan.stage_one import Measured
from faceedit.registry import load_checkpoint
from faceedit.targets import Expression, Target

CPU = torch.device("cpu")
PER_UNIT = TEXTURE_SIZE[1] / TEXTURE_SPAN


def happy(strength: float, name: str = "happy") -> Target:
    return Target((Expression(name, strength),))


def face(roll: float = 0.0, shape: np.ndarray | None = None) -> Crop:
    landmarks = made_up.place(mean_shape() if shape is None else shape, roll=roll, centre=(128, 95))
    pixels = made_up.draw(landmarks, size=CROP_SIZE).astype(np.float32) / 255
    return Crop(pixels, landmarks, np.eye(2, 3))


def measured() -> Measured:
    textures = np.random.default_rng(0).random((2, *TEXTURE_SIZE, 3)).astype(np.float32)
    return Measured(made_up.prior(), textures, np.array([0.25, 0.35]), np.array([0.0, 0.4, 0.4]))


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return made_up.tiny_generator()


@pytest.fixture(scope="module")
def reggan(generator) -> RegGAN:
    known = measured()
    styles = torch.tensor([[0.0, 0, 0], [0.5, -0.5, 0.1]])
    return RegGAN(generator, styles, torch.ones(2, 2), known.textures, known.texture_half_width)


def test_an_edit_covers_the_crop(reggan):
    crops = [face(), face(0.1)]
    edits = reggan.edit(crops, happy(1.0))
    assert len(edits) == 2
    for edit in edits:
        assert edit.size == CROP_SIZE
        assert edit.flow.shape == (128, 128, 2)
        assert edit.log_ratio.shape == (128, 128, 3)
        assert edit.opacity.shape == (256, 256)
        assert 0 <= edit.opacity.min() <= edit.opacity.max() <= 1
        assert isinstance(edit.paint, TexturePaint)
        for field in (edit.flow, edit.log_ratio, edit.opacity):
            assert field.dtype == np.float32
    alone = reggan.edit(crops[1:], happy(1.0))[0]
    np.testing.assert_allclose(alone.flow, edits[1].flow, atol=1e-4)
    assert reggan.edit([], happy(1.0)) == []


def test_strength_nothing_is_the_identity_bit_for_bit(reggan):
    crop = face()
    edit = reggan.edit([crop], happy(0.0))[0]
    for field in (edit.flow, edit.log_ratio, edit.opacity):
        assert not field.any()
    image = made_up.draw(crop.landmarks, size=CROP_SIZE)
    result = compose(image, edit, crop.affine, face_mask(crop.landmarks, CROP_SIZE))
    np.testing.assert_array_equal(result, image)


def test_calibration_scales_flow_and_log_ratio(reggan):
    known = measured()
    calibrated = RegGAN(
        reggan.generator, reggan.styles, torch.tensor([[1.0, 1.0], [1.2, 1.5]]), known.textures,
        known.texture_half_width,
    )  # fmt: skip
    plain, strong = (m.edit([face()], happy(0.5))[0] for m in (reggan, calibrated))
    np.testing.assert_allclose(strong.flow, 1.2 * plain.flow, rtol=1e-5)
    np.testing.assert_allclose(strong.log_ratio, 1.5 * plain.log_ratio, rtol=1e-5)
    np.testing.assert_array_equal(strong.opacity, plain.opacity)


def test_an_expression_without_weights_is_refused(reggan):
    with pytest.raises(UsageError, match="no weights for sad; it has neutral, happy"):
        reggan.edit([face()], happy(1.0, "sad"))


def paint(reggan: RegGAN, crop: Crop, opacity: np.ndarray) -> TexturePaint:
    gain, saturation = np.zeros((8, 8, 3), np.float32), np.ones((8, 8), np.float32)
    return reggan._paint(crop, opacity[..., None].astype(np.float32), gain, saturation)


def lay(texture: TexturePaint, point) -> np.ndarray:
    return texture.to_texture[:, :2] @ np.asarray(point, float) + texture.to_texture[:, 2]


@pytest.mark.parametrize("size", [128, 256])
@pytest.mark.parametrize("height", [1.0, 0.1])
def test_the_texture_hangs_from_the_top_of_the_opening(reggan, size, height):
    crop = face()
    # The mean face's mouth is not quite level; this one's is.
    crop.landmarks[[61, 291], 1] = 150.0
    opacity = np.zeros((256, 256))
    opacity[160:180, 100:150] = height
    opacity = opacity.reshape(size, 256 // size, size, 256 // size).mean((1, 3))
    texture = paint(reggan, crop, opacity)
    at = lay(texture, (124.5, 160.0))
    np.testing.assert_allclose(at, np.array(UPPER_LIP) * PER_UNIT - 0.5, atol=1.5)
    sampled = texture.sample(np.eye(2, 3), (256, 256))
    x, y = np.round(at).astype(int)
    assert sampled.shape == (256, 256, 3)
    assert 0 < x < TEXTURE_SIZE[1]
    assert 0 < y < TEXTURE_SIZE[0]


def test_the_texture_turns_with_the_mouth(reggan):
    for roll in (-0.4, 0.0, 0.4):
        crop = face(roll)
        texture = paint(reggan, crop, np.zeros((256, 256)))
        corners = [lay(texture, crop.landmarks[i, :2]) for i in (61, 291)]
        assert abs(corners[0][1] - corners[1][1]) < 1e-3
        assert corners[0][0] < corners[1][0]
        assert np.linalg.det(texture.to_texture[:, :2]) > 0


@pytest.mark.parametrize("marked", [0, 3])
def test_without_an_opening_the_texture_lies_between_the_lips(reggan, marked):
    crop, opacity = face(), np.zeros((256, 256))
    opacity[5, :marked] = 1.0
    texture = paint(reggan, crop, opacity)
    at = lay(texture, crop.landmarks[[61, 291], :2].mean(0))
    np.testing.assert_allclose(at, np.array(UPPER_LIP) * PER_UNIT - 0.5, atol=1e-3)


def test_a_turned_or_squeezed_face_gets_a_finite_texture(reggan):
    shape = mean_shape().copy()
    cosine, sine = np.cos(0.9), np.sin(0.9)
    turned = shape @ np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
    opacity = np.zeros((256, 256))
    opacity[160:165, 120:126] = 1.0
    for crop in (face(shape=turned), replace(face(), landmarks=np.ones((478, 3), np.float32))):
        texture = paint(reggan, crop, opacity)
        assert np.isfinite(texture.to_texture).all()
        assert np.isfinite(texture.sample(np.eye(2, 3), (256, 256))).all()


def test_wider_mouths_get_the_texture_of_wider_openings(reggan):
    chosen = []
    for half in (0.2, 0.5):
        crop = face()
        crop.landmarks[61, :2] = 128 - half * made_up.UNIT, 150
        crop.landmarks[291, :2] = 128 + half * made_up.UNIT, 150
        texture = paint(reggan, crop, np.zeros((256, 256))).texture
        chosen.append([np.array_equal(texture, one) for one in reggan.textures].index(True))
    assert chosen == [0, 1]


def test_a_written_checkpoint_gives_the_same_edits(generator, reggan, tmp_path):
    path = tmp_path / "reggan-fast.safetensors"
    train_fast.export(path, generator, measured(), torch.ones(2, 2), FastRecipe(), 7)
    checkpoint = load_checkpoint(path, method="reggan", profile="fast")
    assert checkpoint.metadata["step"] == "7"
    assert all(t.dtype != torch.float32 for t in checkpoint.tensors.values())
    loaded = load(checkpoint, CPU)
    assert isinstance(loaded, RegGAN)
    styles = torch.zeros(2, 3)
    styles[1] = torch.from_numpy(made_up.prior().style)
    known = measured()
    expected = RegGAN(
        generator, styles, torch.ones(2, 2), known.textures, known.texture_half_width
    ).edit([face()], happy(1.0))[0]
    edit = loaded.edit([face()], happy(1.0))[0]
    for name in ("flow", "log_ratio", "opacity"):
        one, two = getattr(edit, name), getattr(expected, name)
        np.testing.assert_allclose(one, two, atol=0.02 * np.abs(two).max())
    assert isinstance(edit.paint, TexturePaint)
    assert isinstance(expected.paint, TexturePaint)
    np.testing.assert_allclose(edit.paint.texture, expected.paint.texture, atol=1e-3)


def test_tensors_that_do_not_fit_are_refused(generator, tmp_path):
    path = tmp_path / "reggan-fast.safetensors"
    train_fast.export(path, generator, measured(), torch.ones(2, 2), FastRecipe(), 0)
    checkpoint = load_checkpoint(path)
    weight = next(name for name in checkpoint.tensors if name.endswith(".weight"))
    for name in ("styles", "textures", weight):
        tensors = {k: v for k, v in checkpoint.tensors.items() if k != name}
        with pytest.raises(WeightsError, match="do not fit"):
            load(replace(checkpoint, tensors=tensors), CPU)
    with pytest.raises(WeightsError, match="do not fit"):
        load(replace(checkpoint, architecture={}), CPU)


def test_the_paper_profile_paints_the_whole_crop(tmp_path):
    torch.manual_seed(0)
    rgb = RgbGenerator(("neutral", "happy"), 64, made_up.tiny_config(3, 3))
    train_paper.export(tmp_path / "p.safetensors", rgb, RegGANRecipe(), 3)
    loaded = load(load_checkpoint(tmp_path / "p.safetensors", profile="paper"), CPU)
    assert isinstance(loaded, RgbRegGAN)
    assert (loaded.crop_size, loaded.targets) == (64, ("neutral", "happy"))
    pixels = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    crop = Crop(pixels, made_up.place(mean_shape()), np.eye(2, 3))
    edit = loaded.edit([crop], happy(1.0))[0]
    assert isinstance(edit.paint, RasterPaint)
    with torch.no_grad():
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None] * 2 - 1
        expected = (rgb.eval()(x, torch.tensor([[0.0, 1.0]])) + 1) / 2
    expected = expected[0].clamp(0, 1).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(edit.paint.pixels, expected, atol=0.02)
    assert (edit.opacity == 1).all()
    assert not edit.flow.any()
    assert not edit.log_ratio.any()
    assert not loaded.edit([crop], happy(0.0))[0].opacity.any()
    assert loaded.edit([], happy(1.0)) == []
    with pytest.raises(UsageError):
        loaded.edit([crop], happy(1.0, "sad"))


def test_one_name_for_both_profiles():
    assert module.RegGAN.name == module.RgbRegGAN.name == "reggan"
