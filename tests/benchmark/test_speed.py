import sys

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from torch import nn

from faceedit.batch import crew
from faceedit.batch.run import RunOptions, run
from faceedit.benchmark.batch_speed import measure_scaling
from faceedit.benchmark.memory import PeakMemory
from faceedit.benchmark.network_speed import (
    measure_gemm,
    measure_method,
    measure_paper,
)
from faceedit.benchmark.speed import STAGES, measure_photos
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step
from faceedit.errors import UsageError
from faceedit.faces.align import Crop, extract_crop
from faceedit.faces.types import Face
from faceedit.targets import parse_target

HAPPY = parse_target(["happy"])
CPU = torch.device("cpu")


class OneFace:
    """A finder that always finds the same face."""

    def find(self, pixels):
        grid = np.random.default_rng(0).uniform(60, 140, (478, 2))
        landmarks = np.column_stack([grid, np.zeros(478)]).astype(np.float32)
        corners = [33, 133, 362, 263, 61, 291]
        landmarks[corners, :2] = [(75, 80), (90, 80), (110, 80), (125, 80), (85, 120), (115, 120)]
        landmarks[[13, 14], :2] = [(100, 119), (100, 121)]  # lips that are closed
        return [Face(landmarks, 1.0, 1.0)]

    def find_many(self, photos):
        return [self.find(pixels) for pixels in photos]

    def sees_face(self, small, scale):
        return True


@pytest.fixture
def photos(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(skimage.data.astronaut()[:200, 130:330]).save(path)
    (tmp_path / "b.jpg").write_bytes(b"no photo")
    return [path, tmp_path / "b.jpg"]


def test_every_stage_of_every_photo_is_measured(photos, make_method):
    method = make_method()
    speed = measure_photos(FaceEditor(OneFace(), (Step(method),)), photos, HAPPY, repeats=3)
    assert tuple(stage.name for stage in speed.stages) == STAGES
    assert (speed.photos, speed.faces) == (3, 3)
    assert speed.unreadable == (photos[1],)
    assert speed.megapixels == pytest.approx(0.04)
    assert all(stage.photos_per_second > 0 for stage in speed.stages)
    assert [stage.cpu_seconds is None for stage in speed.stages] == [False] * 5 + [True]
    assert isinstance(speed.crop, Crop)
    # Once to warm up, three times by stages, three times whole.
    assert len(method.calls) == 7
    assert sorted(p.name for p in photos[0].parent.iterdir()) == ["a.jpg", "b.jpg"]


def test_nothing_to_measure(photos, make_method):
    with pytest.raises(UsageError):
        measure_photos(FaceEditor(OneFace(), (Step(make_method()),)), photos[1:], HAPPY)


class Here:
    """A helper that works in this process after all."""

    def __init__(self, editor):
        self.editor, self.done, self.calls = editor, 0, []

    def start(self):
        self.calls.append("start")

    def do(self, jobs):
        for result in run(jobs, self.editor, RunOptions(HAPPY)):
            self.done += 1
            yield result

    def close(self):
        self.calls.append("close")


def test_speed_by_processes(photos, make_method, monkeypatch):
    monkeypatch.setattr(crew, "cores", lambda: 3)
    monkeypatch.setattr(crew, "memory", lambda: 10**12)
    method, helpers = make_method(), []
    editor = FaceEditor(OneFace(), (Step(method),))

    def make(io_threads):
        assert io_threads == 1
        helpers.append(Here(FaceEditor(OneFace(), (Step(make_method()),))))
        return helpers[-1]

    speeds = measure_scaling(editor, photos[:1], HAPPY, 20, make)
    assert [one.workers for one in speeds] == [1, 2, 3]
    assert all(one.photos_per_second > 0 for one in speeds)
    assert len(helpers) == 1 + 2
    assert all({"start", "close"} <= set(one.calls) for one in helpers)
    assert len(method.calls) + sum(one.done for one in helpers) == 20 * (1 + 2 + 3)
    assert sum(one.done for one in helpers) > 0


def test_the_whole_run_has_helpers(photos, make_method):
    helper = Here(FaceEditor(OneFace(), (Step(make_method()),)))
    method = make_method()
    editor = FaceEditor(OneFace(), (Step(method),))
    speed = measure_photos(editor, photos[:1], HAPPY, 2, helpers=[helper], whole=15)
    assert speed.photos == 2
    assert [one.name for one in speed.stages] == [*STAGES]
    assert helper.calls[0] == "start"
    assert helper.calls[-1] == "close"
    # Once to warm up, twice by stages, 30 times whole.
    assert len(method.calls) + helper.done == 1 + 2 + 30


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_peak_memory_is_that_of_the_span():
    def peak(size):
        memory = PeakMemory()
        with memory.span():
            np.ones(size, np.uint8)
        return memory.bytes

    small, large, again = peak(1000), peak(200_000_000), peak(1000)
    if small is None or large is None or again is None:
        pytest.skip("this system does not let its high-water mark be set back")
    assert large - small > 150_000_000
    assert large - again > 150_000_000


def test_a_methods_networks_are_timed_alone(make_method):
    import time

    class Networked(make_method):
        def __init__(self):
            super().__init__()
            self.network = nn.Conv2d(3, 8, 3, padding=1)

        def edit(self, crops, target):
            time.sleep(0.03)
            self.network(torch.zeros(len(crops), 3, 64, 64))
            return super().edit(crops, target)

    crop = extract_crop(np.zeros((200, 200, 3), np.uint8), OneFace().find(None)[0].landmarks, 64)
    found = measure_method(Networked(), crop, HAPPY, gemm=100.0)
    assert found.name == "reggan fake"
    assert found.gflop == pytest.approx(2 * 64 * 64 * 3 * 8 * 9 / 1e9)
    assert 0 < found.seconds < 0.03
    assert found.fraction == pytest.approx(found.gflop / found.seconds / 100)
    whole = measure_method(make_method(), crop, HAPPY, gemm=100.0)
    assert whole.gflop == 0
    assert whole.seconds > 0


def test_the_machines_own_rate():
    assert measure_gemm(CPU, 128) > 0


def test_the_paper_networks_work_is_counted(monkeypatch):
    from faceedit.benchmark import network_speed

    monkeypatch.setattr(network_speed, "PAPER_SIZE", 32)
    monkeypatch.setattr(network_speed, "RUNS", 1)
    found = measure_paper(CPU, 100.0)
    assert "random weights" in found.name
    # 58.6 GFLOP at 256 px.
    assert found.gflop == pytest.approx(58.6 / 64, rel=0.02)
