"""What tests of several folders share: the data folder, a method without a trained network."""

import faulthandler
import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores; torch reads this when it is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from faceedit.compose.edit import Edit, RasterPaint
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step
from faceedit.faces.find.build import build_finder
from faceedit.methods.catalogue import METHODS
from faceedit.registry import Registry, packaged_weights


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
    wide = False
    targets = ("neutral", "happy", "surprised")

    def __init__(self, failing=(), value=0.3, shift=1.5):
        self.failing = failing
        self.value = value
        self.shift = shift
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
        flow[..., 1] = self.shift
        ratio = np.full((side, side, 3), self.value, np.float32)
        paint = RasterPaint(np.zeros((side, side, 3), np.float32), self.crop_size)
        opacity = np.zeros((side, side), np.float32)
        return Edit(flow, ratio, opacity, paint, self.crop_size).scaled(strength)


@pytest.fixture
def little_time():
    """End the process where a test waits for a pipe: nobody would ever write to it."""
    faulthandler.dump_traceback_later(60, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def make_method():
    """The class `FakeMethod`."""
    return FakeMethod


@pytest.fixture(scope="session")
def finder():
    return build_finder(Registry.load([packaged_weights()]))


@pytest.fixture(scope="session")
def astronaut():
    return skimage.data.astronaut()


@pytest.fixture(scope="session")
def portrait(astronaut):
    """The astronaut cut to (256, 210): her face lies in rows 60 to 190 and columns 50 to 160."""
    return np.ascontiguousarray(astronaut[:256, 120:330])


@pytest.fixture(scope="session")
def five(astronaut):
    """A group: five times the astronaut, of two sizes."""
    photo = np.full((760, 1100, 3), 90, np.uint8)
    large = cv2.resize(astronaut[:400, 80:430], None, fx=1.0, fy=1.0)
    small = cv2.resize(large, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    for at in range(3):
        photo[20:420, 10 + 362 * at : 360 + 362 * at] = large
    for at in range(2):
        photo[430:750, 150 + 400 * at : 430 + 400 * at] = small
    return photo


@pytest.fixture
def editor(finder, make_method):
    return FaceEditor(finder, (Step(make_method()),))


@pytest.fixture
def folder(tmp_path, astronaut):
    """``photos`` with a face, a photo without one, a broken file, and a face in a subfolder."""
    photos = tmp_path / "photos"
    (photos / "sub").mkdir(parents=True)
    Image.fromarray(astronaut).save(photos / "a.png")
    Image.new("RGB", (64, 48), (9, 90, 9)).save(photos / "blank.jpg")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    Image.fromarray(astronaut).save(photos / "sub" / "b.png")
    return photos


@pytest.fixture
def fake_weights(tmp_path, monkeypatch):
    """Make a checkpoint that loads as a `FakeMethod`: ``fake_weights(failing=[2]) -> Path``."""
    import torch

    from faceedit.registry import write_checkpoint

    module = ModuleType("fake_reggan")
    module.__dict__["load"] = lambda checkpoint, *_: FakeMethod(**checkpoint.architecture)
    monkeypatch.setitem(sys.modules, "fake_reggan", module)
    monkeypatch.setitem(METHODS, "reggan", replace(METHODS["reggan"], module="fake_reggan"))

    def make(**architecture):
        path = tmp_path / "weights" / "reggan-fast.safetensors"
        tensors = {"weight": torch.ones(1)}
        write_checkpoint(path, tensors, method="reggan", profile="fast", architecture=architecture)
        return path

    return make


@pytest.fixture(scope="session")
def make_record():
    """Make a studio record of noise: ``make_record(seed=1, size=16, person="ann") -> Pair``.

    What else is named replaces labels.
    """

    def make(seed: int = 0, size: int = 16, **labels):
        from dataclasses import replace

        from faceedit.studio.expressions import Ask
        from faceedit.studio.fields import Fields
        from faceedit.studio.record import Choices, Labels, Pair

        rng = np.random.default_rng(seed)
        about = Labels(
            ask=Ask((("happy", 1.3), ("squint", 0.25)), lean=0.125, manner=99),
            shown=Ask(action_units=(0.0, 2.5, *(0.0,) * 15)),
            action_units=tuple(float(v) for v in rng.integers(0, 51, 17) / 10),
            light="rim_left",
            light_colour=(1.2, 1.0, 0.8),
            input_light=(0.25, 0.5, 0.75),
            file=f"{seed}.jpg",
            person=f"person {seed}",
        )

        def noise(*channels: int) -> np.ndarray:
            return rng.random((size, size, *channels), np.float32)

        def labelled(high: int, kind: type) -> np.ndarray:
            return rng.integers(0, high, (size, size)).astype(kind)

        opacity = noise() * (noise() > 0.5)
        return Pair(
            input=rng.integers(0, 256, (size, size, 3)).astype(np.uint8),
            target=rng.integers(0, 256, (size, size, 3)).astype(np.uint8),
            fields=Fields(40 * noise(2) - 20, 2 * noise(3) - 1, noise(3), opacity),
            part=labelled(10, np.int8) - np.int8(1),
            regions_input=labelled(12, np.uint8),
            regions_target=labelled(12, np.uint8),
            valid=noise() > 0.1,
            painted=noise(),
            tooth_coordinates=noise(2),
            shown_eye=noise(),
            landmarks_input=(size * rng.random((478, 3), np.float32)),
            landmarks_target=(size * rng.random((478, 3), np.float32)),
            jaws_input=(size * rng.random((20, 2), np.float32)),
            jaws_target=(size * rng.random((20, 2), np.float32)),
            labels=replace(about, **labels),
            choices=Choices(
                seed=seed,
                mouth=seed % 5,
                mouth_brightness=1.05,
                mouth_warmth=-0.02,
                folds=(3.0, 0.5, 2.0),
                fold_gain=1.1,
                gap_input=0.01,
                gap_target=0.07,
            ),
        )

    return make


@pytest.fixture(scope="session")
def recogniser_weights(tmp_path_factory) -> Path:
    """A folder of weights with all recognisers, tiny and untrained, the same every time."""
    import torch

    from faceedit.recognisers.appearance import AppearanceRecogniser
    from faceedit.recognisers.expression import ExpressionRecogniser
    from faceedit.recognisers.identity import IdentityRecogniser
    from faceedit.recognisers.naturalness import NaturalnessRecogniser
    from faceedit.recognisers.units import UnitJudge, UnitReader

    folder = tmp_path_factory.mktemp("recognisers")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks = (
            ExpressionRecogniser(widths=(4, 4, 8, 8), size=32),
            UnitReader(widths=(4, 4, 8, 8), size=32),
            UnitJudge(widths=(4, 4, 8, 8), size=32),
            AppearanceRecogniser(32, (4, 4, 8, 8), (8, 8, 8), 32, (4, 4, 8, 8), zone_width=4),
            IdentityRecogniser(widths=(4, 4), levels=2, grid=4),
            NaturalnessRecogniser(width=2, widest=4, features=4),
        )
    cards = []
    for network in networks:
        path = folder / f"{network.name}.safetensors"
        sha256 = network.save(path)
        cards.append(
            f'[checkpoints.{network.name}]\nmethod = "recogniser"\nprofile = "{network.name}"\n'
            f'file = "{path.name}"\nsha256 = "{sha256}"\nsize = {path.stat().st_size}\n'
            'crop_size = 256\nhead = "none"\ndata = "made up"\nlicence = "CC0"\n'
        )
    (folder / "registry.toml").write_text("\n".join(cards))
    return folder
