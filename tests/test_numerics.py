import numpy as np
import pytest
import skimage.data
import torch

from faceedit.batch.build import EditSettings, open_editor
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


def test_half_the_bits_change_the_picture_by_less_than_a_level():
    photo = skimage.data.astronaut()
    full, half = (
        open_editor(EditSettings(HAPPY, device="cpu", precision=precision)).edit_pixels(
            photo, HAPPY
        )
        for precision in ("fp32", "bf16")
    )
    where = (full.pixels != photo).any(-1)
    off = np.abs(full.pixels.astype(int) - half.pixels)[where]
    assert 0 < off.mean() < 1
