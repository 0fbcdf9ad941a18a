import numpy as np
import pytest
import torch

from faceedit.compose.edit import RasterPaint
from faceedit.errors import NetworkError, UsageError, WeightsError
from faceedit.faces.align import Crop
from faceedit.methods.legan import DESCRIPTOR
from faceedit.methods.legan.method import load
from faceedit.methods.legan.networks import TARGETS, Generator
from faceedit.methods.legan.paper_method import RgbLEGAN, condition_of
from faceedit.methods.pictures.method import ONSET
from faceedit.registry import load_checkpoint, write_checkpoint
from faceedit.targets import parse_target

CPU = torch.device("cpu")


@pytest.fixture
def generator() -> Generator:
    torch.manual_seed(0)
    return Generator(32, 4, 1).eval()


def crop() -> Crop:
    pixels = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32)
    return Crop(pixels, np.zeros((478, 3), np.float32), np.eye(2, 3))


def pixels(edit) -> np.ndarray:
    assert isinstance(edit.paint, RasterPaint)
    return edit.paint.pixels


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("happy", {"happy": 1}),
        ("happy:0.5+sad:0.25", {"happy": 0.5, "sad": 0.25}),
        ("light=left:0.5", {"light=left": 0.5}),
        ("surprised:1.5 light=back", {"surprised": 1.5, "light=back": 1}),
    ],
)
def test_a_target_is_strengths_of_expressions_and_lights(text, asked):
    condition = condition_of(parse_target(text))
    found = {TARGETS[i]: float(condition[i]) for i in condition.nonzero().flatten().tolist()}
    assert found == asked


@pytest.mark.parametrize(
    ("text", "region"), [("happy", "face"), ("light=top", "person"), ("sad light=top", "person")]
)
def test_one_picture_is_painted_with_what_is_asked(generator, text, region):
    target = parse_target(text)
    (edit,) = RgbLEGAN(generator).edit([crop()], target)
    with torch.no_grad():
        x = torch.from_numpy(crop().pixels).permute(2, 0, 1)[None] * 2 - 1
        wanted = (generator(x, condition_of(target)[None])[0] + 1) / 2
    np.testing.assert_allclose(pixels(edit), wanted.permute(1, 2, 0), atol=1e-5)
    assert (edit.opacity == 1).all()
    assert not edit.flow.any()
    assert edit.region == region


@pytest.mark.parametrize(
    ("text", "opacity"), [("light=left:0", 0), (f"happy:{ONSET / 3}", 1 / 3), ("sad:0.4", 1)]
)
def test_the_painted_picture_fades_in(generator, text, opacity):
    (edit,) = RgbLEGAN(generator).edit([crop()], parse_target(text))
    np.testing.assert_allclose(edit.opacity, opacity, rtol=1e-5)


@pytest.mark.parametrize("text", ["au=12=3", "light=flat", "light=az=-60,el=20"])
def test_what_it_cannot_make_is_refused_also_without_faces(generator, text):
    with pytest.raises(UsageError, match=r"legan \(paper\) does not know"):
        RgbLEGAN(generator).edit([], parse_target(text))


def test_written_weights_give_the_same_edits(generator, tmp_path):
    path = tmp_path / "legan-paper.safetensors"

    def write(architecture: dict) -> None:
        write_checkpoint(
            path,
            generator.state_dict(),
            method="legan",
            profile="paper",
            architecture=architecture,
        )

    write(generator.architecture)
    loaded, target = load(load_checkpoint(path), CPU), parse_target("happy light=right")
    assert isinstance(loaded, RgbLEGAN)
    assert (loaded.name, loaded.profile, loaded.crop_size) == ("legan", "paper", 32)
    (one,), (two,) = (m.edit([crop()], target) for m in (loaded, RgbLEGAN(generator)))
    np.testing.assert_array_equal(pixels(one), pixels(two))
    for wrong in ({"size": 32, "width": 8}, {"size": 33}, {"depth": 3}):
        write(wrong)
        with pytest.raises(WeightsError, match="do not fit the architecture"):
            load(load_checkpoint(path), CPU)


def test_the_list_knows_what_it_serves():
    served = {*DESCRIPTOR.targets, *DESCRIPTOR.paper_targets}
    assert set(TARGETS) <= served


def test_a_picture_that_overflows_before_its_tanh_is_no_white_one(generator):
    with torch.no_grad():
        generator.picture[-1].weight.fill_(1e38)
    with pytest.raises(NetworkError, match="not finite"):
        RgbLEGAN(generator).edit([crop()], parse_target("happy"))
