import numpy as np
import pytest
import torch

from faceedit.compose.edit import RasterPaint
from faceedit.errors import NetworkError, UsageError, WeightsError
from faceedit.faces.align import Crop
from faceedit.methods.eggan.networks import PaperNetworks, expected_units
from faceedit.methods.eggan.paper_method import RgbEGGAN, changed_units
from faceedit.methods.pictures.method import ONSET
from faceedit.numerics import FULL
from faceedit.registry import load_checkpoint, write_checkpoint
from faceedit.targets import ACTION_UNITS, parse_target

CPU = torch.device("cpu")


@pytest.fixture
def networks() -> PaperNetworks:
    torch.manual_seed(0)
    return PaperNetworks(32, 4, 4).eval()


def crop() -> Crop:
    pixels = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32)
    return Crop(pixels, np.zeros((478, 3), np.float32), np.eye(2, 3))


def units(text: str, shown: float = 2.0) -> dict[int, float]:
    """What becomes of a face that shows everything at one intensity, where that changes."""
    asked = changed_units(torch.full((1, 17), shown), parse_target(text))[0].tolist()
    pairs = zip(ACTION_UNITS, asked, strict=True)
    return {unit: round(value, 4) for unit, value in pairs if value != shown}


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("au=12=3.5,6=1", {12: 3.5, 6: 1.0}),
        ("au=12+1.5,4-1", {12: 3.5, 4: 1.0}),
        ("au=12=4:0.5,6+1:0.5", {12: 3.0, 6: 2.5}),
        ("au=12=4:1.5", {12: 5.0}),
        ("au=12+5,4-5", {12: 5.0, 4: 0.0}),
        ("au=12=4:0", {}),
    ],
)
def test_units_are_set_added_and_gone_part_of_the_way_to(text, changed):
    assert units(text) == changed


def test_it_paints_the_whole_crop_with_what_the_face_is_to_show(networks):
    target = parse_target("au=12=4")
    (edit,) = RgbEGGAN(networks).edit([crop()], target)
    assert isinstance(edit.paint, RasterPaint)
    with torch.no_grad():
        x = torch.from_numpy(crop().pixels).permute(2, 0, 1)[None] * 2 - 1
        asked = changed_units(expected_units(networks.expression(x)), target)
        wanted = (networks.generator(networks.encoder(x), asked)[0] + 1) / 2
    np.testing.assert_allclose(edit.paint.pixels, wanted.permute(1, 2, 0), atol=1e-5)
    assert (edit.opacity == 1).all()
    assert not edit.flow.any()
    assert not edit.log_ratio.any()


@pytest.mark.parametrize(
    ("text", "opacity"),
    [("au=12=4:0", 0.0), (f"au=12=4:{ONSET / 3}", 1 / 3), ("au=12+0", 0.0), ("au=12+1", 1.0)],
)
def test_the_painted_picture_fades_in(networks, text, opacity):
    (edit,) = RgbEGGAN(networks).edit([crop()], parse_target(text))
    np.testing.assert_allclose(edit.opacity, opacity, rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("au=left:12=2", "both sides of a face alike: write left:12=2 without left: or right:"),
        ("happy", "does not know happy"),
    ],
)
def test_what_it_cannot_make_is_refused_also_without_faces(networks, text, said):
    with pytest.raises(UsageError, match=said):
        RgbEGGAN(networks).edit([], parse_target(text))


def test_written_weights_give_the_same_edits(networks, tmp_path):
    path = tmp_path / "eggan-paper.safetensors"
    tensors = networks.state_dict()

    def write(architecture: dict) -> None:
        write_checkpoint(path, tensors, method="eggan", profile="paper", architecture=architecture)

    write(networks.architecture())
    loaded = RgbEGGAN.load(load_checkpoint(path), CPU, FULL)
    target = parse_target("au=1=5,25+2")
    (one,), (two,) = (m.edit([crop()], target) for m in (loaded, RgbEGGAN(networks)))
    first, second = (edit.paint.sample(np.eye(2, 3), (32, 32)) for edit in (one, two))
    np.testing.assert_allclose(first, second, atol=1e-5)
    for wrong in ({"size": 64, "latent": 4, "width": 4}, {"size": 33, "latent": 4, "width": 4}, {}):
        write(wrong)
        with pytest.raises(WeightsError, match="do not fit the architecture"):
            RgbEGGAN.load(load_checkpoint(path), CPU, FULL)


def test_a_picture_that_overflows_before_its_tanh_is_no_white_one(networks):
    with torch.no_grad():
        networks.generator.leave[1].weight.fill_(1e38)
    with pytest.raises(NetworkError, match="not finite"):
        RgbEGGAN(networks).edit([crop()], parse_target("au=12=4"))
