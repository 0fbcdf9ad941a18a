import os
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from faceedit.batch.pipeline import Pace
from faceedit.batch.result import NO_CHANGE, NO_FACE
from faceedit.batch.run import RunOptions, run
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step
from faceedit.faces.batching import Batching
from faceedit.photos import Job, WriteOptions, plan
from faceedit.targets import parse_target

HAPPY = parse_target(["happy"])


def results_of(folder, editor, output=None, **options):
    options = RunOptions(**{"target": HAPPY, **options})
    jobs = plan([folder], output, format=options.write.format)
    return {one.job.source.name: one for one in run(jobs, editor, options)}


def test_each_photo_has_its_outcome(folder, editor):
    results = results_of(folder, editor)
    assert {name: one.outcome for name, one in results.items()} == {
        "a.png": "edited",
        "blank.jpg": "copied",
        "broken.jpg": "failed",
        "b.png": "edited",
    }
    assert results["a.png"].reason == ""
    assert len(results["a.png"].faces) == 1
    assert results["a.png"].seconds > 0
    assert results["blank.jpg"].reason == NO_FACE
    assert "broken" in results["broken.jpg"].reason
    assert str(folder) not in results["broken.jpg"].reason
    edited = folder.with_name("photos-edited")
    assert sorted(str(p.relative_to(edited)) for p in edited.rglob("*.*")) == [
        "a.png",
        "blank.jpg",
        "sub/b.png",
    ]
    assert (edited / "blank.jpg").read_bytes() == (folder / "blank.jpg").read_bytes()
    assert (edited / "a.png").read_bytes() != (folder / "a.png").read_bytes()


@pytest.mark.parametrize(
    ("policy", "outcome", "written"),
    [("copy", "copied", True), ("skip", "skipped", False), ("fail", "failed", False)],
)
def test_a_photo_without_a_face(folder, editor, policy, outcome, written):
    result = results_of(folder, editor, on_no_face=policy)["blank.jpg"]
    assert (result.outcome, result.reason) == (outcome, NO_FACE)
    assert result.job.target.exists() is written
    assert result.output == (result.job.target if written else None)


def test_a_copy_in_another_format_or_stripped_is_written_anew(folder, editor):
    result = results_of(folder, editor, write=WriteOptions(format="png"))["blank.jpg"]
    assert result.outcome == "copied"
    with Image.open(result.job.target) as image:
        assert image.format == "PNG"
        with Image.open(folder / "blank.jpg") as source:
            np.testing.assert_array_equal(np.asarray(image), np.asarray(source))


def test_strength_0_copies(folder, editor):
    results = results_of(folder, editor, target=HAPPY.scaled(0), on_no_face="skip")
    for name in ("a.png", "b.png"):
        result = results[name]
        assert (result.outcome, result.reason) == ("copied", NO_CHANGE)
        assert result.job.target.read_bytes() == result.job.source.read_bytes()
    assert results["blank.jpg"].outcome == "skipped"
    assert editor.steps[0].method.calls == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "there is not enough memory for it"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("odd"), "unexpected ValueError: odd (test_run.py, line "),
    ],
)
def test_no_exception_of_one_photo_stops_the_others(finder, make_method, folder, error, reason):
    class Breaking(make_method):
        def edit(self, crops, target):
            if not self.calls:
                self.calls.append("broken")
                raise error
            return super().edit(crops, target)

    results = results_of(folder, FaceEditor(finder, (Step(Breaking()),)))
    assert results["a.png"].outcome == "failed"
    assert results["a.png"].reason.startswith(reason)
    assert len(results["a.png"].input_sha256 or "") == 64
    assert not results["a.png"].job.target.exists()
    assert results["b.png"].outcome == "edited"


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_network_that_goes_wrong_costs_one_photo(finder, make_method, folder, value):
    class Wrong(make_method):
        def edit(self, crops, target):
            self.value = value if not self.calls else 0.3
            return super().edit(crops, target)

    results = results_of(folder, FaceEditor(finder, (Step(Wrong()),)))
    assert results["a.png"].outcome == "failed"
    assert results["a.png"].reason.startswith("the network's answer is ")
    assert not results["a.png"].job.target.exists()
    assert results["b.png"].outcome == "edited"


def test_an_interruption_is_no_photos_failure(finder, make_method, folder):
    class Interrupted(make_method):
        def edit(self, crops, target):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results_of(folder, FaceEditor(finder, (Step(Interrupted()),)))
    assert not folder.with_name("photos-edited").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names")
def test_a_pipe_does_not_hang_the_run(tmp_path, editor):
    os.mkfifo(tmp_path / "a.jpg")
    job = Job(tmp_path / "a.jpg", tmp_path / "out" / "a.jpg")
    (result,) = run([job], editor, RunOptions(HAPPY))
    assert (result.outcome, result.input_sha256) == ("failed", None)


def test_an_interruption_while_results_are_asked_for_leaves_whole_files(folder, editor):
    running = run(plan([folder]), editor, RunOptions(HAPPY))
    first = next(running)
    running.close()
    assert first.output is not None
    left = [path for path in folder.with_name("photos-edited").rglob("*") if path.is_file()]
    assert first.output in left
    for path in left:
        with Image.open(path) as image:
            image.load()
    assert not [path for path in left if path.name.startswith(".")]


def test_results_do_not_depend_on_threads_and_batches(tmp_path, folder, finder, make_method):
    small = folder / "small.png"
    with Image.open(folder / "a.png") as image:
        image.resize((300, 300)).save(small)
    outputs = []
    paces = [Pace(), Pace(readers=2, finishers=2), Pace(readers=2, batch=8)]
    for at, pace in enumerate(paces):
        editor = FaceEditor(finder, (Step(make_method()),))
        jobs = plan([folder], tmp_path / str(at))
        results = list(run(jobs, editor, RunOptions(HAPPY), pace=pace))
        assert [one.job for one in results] == jobs
        outputs.append({one.job.source: one.output_sha256 for one in results})
    assert outputs[0] == outputs[1] == outputs[2]
    assert len(set(outputs[0].values())) == 4


def test_memory_that_is_short_on_the_device_halves_the_batch(folder, finder, make_method):
    class Greedy(make_method):
        def edit(self, crops, target):
            self.calls.append(len(crops))
            if len(crops) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return [self._one(1.0) for _ in crops]

    method = Greedy()
    editor = FaceEditor(finder, (Step(method),), batching=Batching(8))
    results = list(run(plan([folder]), editor, RunOptions(HAPPY)))
    assert [one.outcome for one in results].count("edited") == 2
    assert method.calls[:3] == [8, 4, 2]
    assert editor.batching.size == 2


def test_memory_that_is_short_for_one_face_fails_that_photo(folder, finder, make_method):
    class Greedy(make_method):
        def edit(self, crops, target):
            raise torch.OutOfMemoryError("CUDA out of memory")

    editor = FaceEditor(finder, (Step(Greedy()),), batching=Batching(4))
    results = results_of(folder, editor)
    assert results["a.png"].reason == "there is not enough memory for it"
    assert results["blank.jpg"].outcome == "copied"
    assert editor.batching.size == 1


def test_a_full_disk_fails_what_does_not_fit_and_leaves_nothing(folder, editor, monkeypatch):
    def full(handle):
        if os.fstat(handle).st_size > 5000:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("faceedit.outputs.os.fsync", full)
    results = results_of(folder, editor)
    assert results["a.png"].outcome == "failed"
    assert results["a.png"].reason.endswith("a.png: No space left on device")
    assert results["blank.jpg"].outcome == "copied"
    left = [path for path in folder.with_name("photos-edited").rglob("*") if path.is_file()]
    assert left == [results["blank.jpg"].job.target]


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_too_many_open_files_are_said(folder, editor):
    import resource

    jobs = plan([folder])
    results_of(folder, editor)  # what is imported and loaded late opens files of its own
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    hold = os.open(os.devnull, os.O_RDONLY)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hold + 1, limits[1]))
        results = list(run(jobs, editor, RunOptions(HAPPY)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        os.close(hold)
    assert {one.reason for one in results} == {"Too many open files"}
    assert all(one.job.target.stat().st_size for one in results if one.job.target.exists())


def test_a_large_jpeg_without_a_face_is_not_decoded_in_full(
    tmp_path, astronaut, editor, monkeypatch
):
    from faceedit.batch import stages

    photos = tmp_path / "photos"
    photos.mkdir()
    ramp = np.linspace(0, 255, 4200, dtype=np.uint8)[None, :, None]
    plain = np.broadcast_to(ramp, (1600, 4200, 3))
    Image.fromarray(plain).save(photos / "plain.jpg")
    peopled = plain.copy()
    peopled[300:1324, 900:1924] = astronaut.repeat(2, 0).repeat(2, 1)
    Image.fromarray(peopled).save(photos / "peopled.jpg")
    decoded = []
    decode = stages.decode_or_explain
    monkeypatch.setattr(
        stages, "decode_or_explain", lambda file, _: decoded.append(file.path.name) or decode(file)
    )
    results = results_of(photos, editor)
    assert results["peopled.jpg"].outcome == "edited"
    assert (results["plain.jpg"].outcome, results["plain.jpg"].reason) == ("copied", NO_FACE)
    assert results["plain.jpg"].job.target.read_bytes() == (photos / "plain.jpg").read_bytes()
    assert decoded == ["peopled.jpg"]
    # Another format needs its pixels.
    results_of(photos, editor, tmp_path / "out", write=WriteOptions(format="png"))
    assert sorted(decoded[1:]) == ["peopled.jpg", "plain.jpg"]
    decoded.clear()
    assert results_of(photos, editor, on_no_face="skip")["plain.jpg"].outcome == "skipped"
    assert results_of(photos, editor, on_no_face="fail")["plain.jpg"].reason == NO_FACE
    assert "plain.jpg" not in decoded
