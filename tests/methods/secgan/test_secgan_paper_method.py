import numpy as np
import pytest
import torch

from faceedit.compose.edit import RasterPaint
from faceedit.errors import NetworkError, UsageError, WeightsError
from faceedit.faces.align import Crop
from faceedit.methods.catalogue import METHODS
from faceedit.methods.pictures.backbones import BACKBONES, make_generator
from faceedit.methods.pictures.masks import one_hot
from faceedit.methods.pictures.method import ONSET
from faceedit.methods.secgan.method import load
from faceedit.methods.secgan.paper_method import RgbSeCGAN
from faceedit.methods.secgan.vector import NAMES, difference_of, rgb_shape
from faceedit.registry import load_checkpoint, write_checkpoint
from faceedit.targets import parse_target

CPU = torch.device("cpu")
VALUES = {"labels": "attributes", "size": 32, "width": 4, "blocks": 1, "masked": False}


def method_of(backbone="stargan", **values) -> RgbSeCGAN:
    torch.manual_seed(0)
    shape = rgb_shape(**{**VALUES, **values})
    return RgbSeCGAN(make_generator(backbone, shape), values.get("labels", "attributes"), 32)


def crop(seed: int = 0) -> Crop:
    pixels = np.random.default_rng(seed).random((32, 32, 3)).astype(np.float32)
    return Crop(pixels, np.zeros((478, 3), np.float32), np.eye(2, 3))


def pixels(edit) -> np.ndarray:
    assert isinstance(edit.paint, RasterPaint)
    return edit.paint.pixels


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize(
    ("text", "region"),
    [("attr=bangs=on,eyeglasses=off", "head"), ("happy:0.5", "face")],
)
def test_one_picture_is_painted_with_what_is_asked(backbone, text, region):
    labels = "attributes" if region == "head" else "expressions"
    method, target = method_of(backbone, labels=labels), parse_target(text)
    first, other = method.edit([crop(), crop(1)], target)
    with torch.no_grad():
        x = torch.from_numpy(crop().pixels).permute(2, 0, 1)[None] * 2 - 1
        wanted = (method.generator(x, difference_of(target, labels)[None]).tanh()[0] + 1) / 2
    np.testing.assert_allclose(pixels(first), wanted.permute(1, 2, 0), atol=1e-5)
    assert (pixels(first) != pixels(other)).any()
    assert (first.opacity == 1).all()
    assert not first.flow.any()
    assert first.region == region


@pytest.mark.parametrize(("strength", "opacity"), [(0, 0), (ONSET / 3, 1 / 3), (0.4, 1)])
def test_the_painted_picture_fades_in(strength, opacity):
    (edit,) = method_of().edit([crop()], parse_target(f"attr=bangs=on:{strength}"))
    np.testing.assert_allclose(edit.opacity, opacity, rtol=1e-5)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ("attributes", "happy"), ("attributes", "light=left"), ("expressions", "attr=bangs=on"),
        ("attributes", "attr=eyeglasses=round"), ("attributes", "attr=hair=red"),
    ],
)  # fmt: skip
def test_what_it_cannot_make_is_refused_also_without_faces(labels, text):
    with pytest.raises(UsageError, match=r"secgan \(paper\) does not know .* it knows"):
        method_of(labels=labels).edit([], parse_target(text))


def test_an_answer_that_is_no_number_is_refused():
    method = method_of()
    with torch.no_grad():
        next(method.generator.parameters()).fill_(float("nan"))
    with pytest.raises(NetworkError, match="not finite"):
        method.edit([crop()], parse_target("attr=bangs=on"))


@pytest.mark.parametrize("name", ["secgan", "stargan", "attgan"])
@pytest.mark.parametrize("masked", [False, True])
def test_written_weights_give_the_same_edits(tmp_path, name, masked):
    backbone = "attgan" if name == "attgan" else "stargan"
    path, target = tmp_path / "paper.safetensors", parse_target("attr=bald=on")
    generator = method_of(backbone, masked=masked).generator

    def write(**changes) -> None:
        values = {"backbone": backbone, **VALUES, "masked": masked, **changes}
        tensors = generator.state_dict()
        write_checkpoint(path, tensors, method=name, profile="paper", architecture=values)

    write()
    loaded = load(load_checkpoint(path), CPU)
    assert (loaded.name, loaded.profile, loaded.crop_size) == (name, "paper", 32)
    assert set(loaded.targets) <= set(METHODS[name].served(paper=True))
    (edit,) = loaded.edit([crop()], target)
    x = torch.from_numpy(crop().pixels).permute(2, 0, 1)[None] * 2 - 1
    with torch.no_grad():
        given = x
        if masked:
            assert isinstance(loaded, RgbSeCGAN)
            assert loaded.parser is not None
            given = torch.cat([x, one_hot(loaded.parser.parse(x))], 1)
        wanted = generator(given, difference_of(target, "attributes")[None]).tanh()[0]
    np.testing.assert_allclose(pixels(edit), (wanted.permute(1, 2, 0) + 1) / 2, atol=1e-5)
    for wrong in (
        {"width": 8}, {"size": 33}, {"labels": "hats"}, {"backbone": "x"}, {"depth": 3},
        {"labels": []}, {"backbone": []}, {"masked": "yes"}, {"masked": not masked},
        {"width": "4"},
    ):  # fmt: skip
        write(**wrong)
        with pytest.raises(WeightsError, match="do not fit the architecture"):
            load(load_checkpoint(path), CPU)


def test_every_name_of_the_vectors_is_in_the_list():
    names = {name for names in NAMES.values() for name in names}
    assert names == set(METHODS["secgan"].paper_targets)
    assert not METHODS["stargan"].ships
