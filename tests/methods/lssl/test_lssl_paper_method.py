import contract
import made_up
import numpy as np
import pytest
import torch

from faceedit.compose.edit import RasterPaint
from faceedit.errors import NetworkError, UsageError, WeightsError
from faceedit.faces.align import Crop, resized
from faceedit.methods.base import load_method
from faceedit.methods.catalogue import METHODS, plan_steps
from faceedit.methods.lssl.method import load
from faceedit.methods.lssl.networks import Generator
from faceedit.methods.lssl.pairs import make_pair
from faceedit.methods.lssl.paper_method import RgbLSSL
from faceedit.methods.lssl.vector import TARGETS, asked_vector, vector_of
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.registry import (
    Registry,
    load_checkpoint,
    open_registry,
    read_header,
    write_checkpoint,
)
from faceedit.targets import parse_target

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def reader():
    return ExpressionRecogniser.load(open_registry().checkpoint("expression"), CPU)


@pytest.fixture
def method(reader) -> RgbLSSL:
    torch.manual_seed(0)
    return RgbLSSL(Generator(32, 4, 1).eval(), reader)


@pytest.fixture
def weights(method, tmp_path):
    """Write a checkpoint: ``weights(architecture) -> path``."""

    def write(changes=None):
        path = tmp_path / "lssl-paper.safetensors"
        architecture = {**method.generator.architecture, "goal": "attributes", **(changes or {})}
        write_checkpoint(
            path, method.generator.state_dict(), method="lssl", profile="paper",
            architecture=architecture,
        )  # fmt: skip
        return path

    return write


def crop(seed: int = 0) -> Crop:
    pixels = np.random.default_rng(seed).random((32, 32, 3)).astype(np.float32)
    return Crop(pixels, resized(made_up.place(made_up.person(seed)), 256, 32), np.eye(2, 3))


def pixels(edit) -> np.ndarray:
    assert isinstance(edit.paint, RasterPaint)
    return edit.paint.pixels


@pytest.mark.parametrize(
    ("text", "region"),
    [("happy", "face"), ("light=dark", "person"), ("sad light=weak turn=to=0", "crop")],
)
def test_one_picture_is_painted_with_what_is_asked(method, reader, text, region):
    target = parse_target(text)
    first, other = method.edit([crop(), crop(1)], target)
    with torch.no_grad():
        image = torch.from_numpy(crop().pixels).permute(2, 0, 1)[None] * 2 - 1
        own = vector_of(int(reader(image).logits.argmax()), 0, 0.0)
        y = torch.from_numpy(asked_vector(target, own, 0.0))[None]
        pair = make_pair(crop().pixels, crop().landmarks, "attributes", side=True)
        wanted = (method.generator(pair[None], y)[0, :3] + 1) / 2
    np.testing.assert_allclose(pixels(first), wanted.permute(1, 2, 0), atol=1e-4)
    assert (pixels(first) != pixels(other)).any()
    assert first.region == region
    contract.check_company(METHODS["reggan"], method, [crop(), crop(1), crop(2)])


def test_refusals_are_those_of_every_method(method):
    contract.check_refusals(method)
    for text in ("happy:0.5+sad:0.5", "turn=yaw=10,pitch=3"):
        with pytest.raises(UsageError, match=r"lssl \(paper\)"):
            method.edit([], parse_target(text))


def test_a_network_that_straightens_is_asked_for_nothing_else(reader):
    torch.manual_seed(0)
    method = RgbLSSL(Generator(32, 4, 1, side=3).eval(), reader, goal="frontal")
    (edit,) = method.edit([crop()], parse_target("turn=to=0"))
    assert edit.region == "crop"
    for text in ("turn=to=30", "happy"):
        with pytest.raises(UsageError, match="straightens heads"):
            method.edit([], parse_target(text))


def test_written_weights_edit_where_those_that_ship_turn(method, weights):
    path, target = weights(), parse_target("happy")
    registry = Registry.load(given=read_header(path))
    (planned,) = plan_steps("auto", target, "lssl")
    loaded = load_method(registry, planned, None, CPU)
    assert isinstance(loaded, RgbLSSL)
    assert (loaded.name, loaded.profile, loaded.crop_size) == ("lssl", "paper", 32)
    (one,), (two,) = (m.edit([crop()], target) for m in (loaded, method))
    np.testing.assert_allclose(pixels(one), pixels(two), atol=1e-6)
    for wrong in ({"width": 8}, {"size": 33}, {"depth": 3}):
        with pytest.raises(WeightsError, match="do not fit the architecture"):
            load(load_checkpoint(weights(wrong)), CPU)


def test_the_list_knows_what_it_serves():
    line = METHODS["lssl"]
    assert set(TARGETS) <= {*line.targets, *line.paper_targets}


def test_a_picture_that_overflows_before_its_tanh_is_no_white_one(method):
    with torch.no_grad():
        method.generator.picture.weight.fill_(1e38)
    with pytest.raises(NetworkError):
        method.edit([crop()], parse_target("happy"))
