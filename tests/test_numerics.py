import numpy as np
import pytest
import skimage.data
import torch

from faceedit.editing.build import EditSettings, open_editor
from faceedit.errors import DeviceError, UsageError
from faceedit.numerics import FULL, Numerics, pick_numerics
from faceedit.targets import parse_target

CPU = torch.device("cpu")
HAPPY = parse_target(["happy"])


def test_what_a_cpu_computes_in(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert pick_numerics("auto", CPU) == FULL
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert pick_numerics("auto", CPU) == Numerics("bf16")
    assert pick_numerics("fp32", CPU, compile=True) == Numerics("fp32", is_compiled=True)


@pytest.mark.parametrize(("capability", "auto"), [((7, 5), "fp32"), ((9, 0), "bf16")])
def test_what_a_gpu_computes_in(monkeypatch, capability, auto):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    device = torch.device("cuda", 0)
    assert pick_numerics("auto", device).precision == auto
    assert pick_numerics("fp16", device).precision == "fp16"
    if capability < (8, 0):
        with pytest.raises(DeviceError, match="bf16"):
            pick_numerics("bf16", device)


def test_what_is_not_there_is_refused():
    with pytest.raises(DeviceError, match="fp16"):
        pick_numerics("fp16", CPU)
    with pytest.raises(UsageError, match="int8"):
        pick_numerics("int8", CPU)


@pytest.fixture(scope="module")
def edit():
    """Edit the astronaut by the shipped network: ``edit(precision="bf16")``."""
    photo = skimage.data.astronaut()

    def edit(**settings):
        settings = EditSettings(
            HAPPY, device="cpu", edit_shown=True, **{"precision": "fp32", **settings}
        )
        return open_editor(settings).edit_pixels(photo, HAPPY).pixels.astype(int)

    return edit


@pytest.fixture(scope="module")
def full(edit):
    return edit()


def test_half_the_bits_change_the_picture_by_less_than_a_level(edit, full):
    where = (full != skimage.data.astronaut()).any(-1)
    assert 0 < np.abs(full - edit(precision="bf16"))[where].mean() < 1


def test_larger_batches_change_no_pixel_by_more_than_a_level(edit, full):
    assert np.abs(full - edit(batch=8)).max() <= 1
