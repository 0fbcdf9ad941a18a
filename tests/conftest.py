"""What tests of several folders share: the data folder, a method without a trained network."""

import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from faceedit.faces.edit import Edit, RasterPaint
from faceedit.methods.base import METHODS


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The training and test data that FACEEDIT_DATA names; without it the test is skipped."""
    named = os.environ.get("FACEEDIT_DATA")
    if not named:
        pytest.skip("FACEEDIT_DATA names no data folder")
    folder = Path(named)
    assert folder.is_dir(), f"FACEEDIT_DATA={named} is no folder"
    return folder


class FakeMethod:
    """Brightens faces and pulls their pixels up; fails on the calls that it is told to."""

    name = "reggan"
    profile = "fake"
    crop_size = 64
    targets = ("neutral", "happy", "surprised")

    def __init__(self, failing=(), value=0.3):
        self.failing = failing
        self.value = value
        self.calls = []

    def edit(self, crops, target):
        self.calls.append((len(crops), str(target)))
        if len(self.calls) in self.failing:
            raise RuntimeError("the network broke")
        strength = sum(one.strength for one in target.expressions)
        return [self._one(strength) for _ in crops]

    def _one(self, strength):
        side = 32
        flow = np.zeros((side, side, 2), np.float32)
        flow[..., 1] = 1.5
        ratio = np.full((side, side, 3), self.value, np.float32)
        paint = RasterPaint(np.zeros((side, side, 3), np.float32), self.crop_size)
        opacity = np.zeros((side, side), np.float32)
        return Edit(flow, ratio, opacity, paint, self.crop_size).scaled(strength)


@pytest.fixture
def make_method():
    """The class `FakeMethod`."""
    return FakeMethod


@pytest.fixture
def fake_weights(tmp_path, monkeypatch):
    """Make a checkpoint that loads as a `FakeMethod`: ``fake_weights(failing=[2]) -> Path``."""
    import torch

    from faceedit.registry import write_checkpoint

    module = ModuleType("fake_reggan")
    module.__dict__["load"] = lambda checkpoint, device: FakeMethod(**checkpoint.architecture)
    monkeypatch.setitem(sys.modules, "fake_reggan", module)
    monkeypatch.setitem(METHODS, "reggan", "fake_reggan")

    def make(**architecture):
        path = tmp_path / "weights" / "reggan-fast.safetensors"
        tensors = {"weight": torch.ones(1)}
        write_checkpoint(path, tensors, method="reggan", profile="fast", architecture=architecture)
        return path

    return make
