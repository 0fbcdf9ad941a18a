import json
import os
import sys

import numpy as np
import pytest
from PIL import Image

from faceedit.batch.editor import FaceEditor
from faceedit.batch.record import RECORD_FILE, Recorder, record_folder
from faceedit.batch.run import NO_CHANGE, NO_FACE, RunOptions, run
from faceedit.photos import Job, WriteOptions, plan
from faceedit.targets import parse_target

HAPPY = parse_target(["happy"])


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


def results_of(folder, editor, recorder=None, output=None, **options):
    options = RunOptions(**{"target": HAPPY, **options})
    jobs = plan([folder], output, format=options.write.format)
    return {one.job.source.name: one for one in run(jobs, editor, options, recorder)}


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
    assert editor.method.calls == []


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

    results = results_of(folder, FaceEditor(finder, Breaking()))
    assert results["a.png"].outcome == "failed"
    assert results["a.png"].reason.startswith(reason)
    assert len(results["a.png"].input_sha256 or "") == 64
    assert not results["a.png"].job.target.exists()
    assert results["b.png"].outcome == "edited"


def test_an_interruption_is_no_photos_failure(finder, make_method, folder):
    class Interrupted(make_method):
        def edit(self, crops, target):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results_of(folder, FaceEditor(finder, Interrupted()))
    assert not folder.with_name("photos-edited").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names")
def test_a_pipe_does_not_hang_the_run(tmp_path, editor):
    os.mkfifo(tmp_path / "a.jpg")
    job = Job(tmp_path / "a.jpg", tmp_path / "out" / "a.jpg")
    (result,) = run([job], editor, RunOptions(HAPPY))
    assert (result.outcome, result.input_sha256) == ("failed", None)


def test_the_record(folder, editor):
    recorder = Recorder(None, {"settings": {"target": "happy"}, "weights_sha256": "ab"})
    results = results_of(folder, editor, recorder)
    path = folder.with_name("photos-edited") / RECORD_FILE
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["outcome"] for line in lines] == ["edited", "copied", "failed", "edited"]
    edited, _, failed, below = lines
    assert edited["input"] == str(folder / "a.png")
    assert edited["input_sha256"] == results["a.png"].input_sha256
    assert edited["output"] == "a.png"
    assert edited["settings"] == {"target": "happy"}
    assert edited["weights_sha256"] == "ab"
    assert edited["faces"][0]["score"] > 0.5
    assert len(edited["faces"][0]["box"]) == 4
    assert failed["output"] is None
    assert failed["reason"]
    assert below["output"] == "sub/b.png"
    # A killed run may leave half a line; the next run's lines are whole all the same.
    with path.open("ab") as file:
        file.write(b'{"torn')
    results_of(folder, editor, Recorder(None, {}))
    again = path.read_text().splitlines()
    assert len(again) == 9
    assert [json.loads(line)["outcome"] for line in again[5:]] == [
        line["outcome"] for line in lines
    ]


def test_a_record_that_cannot_be_written_is_told_once(folder, editor):
    path = folder.with_name("photos-edited") / RECORD_FILE
    path.mkdir(parents=True)
    results = results_of(folder, editor, Recorder(None, {}))
    notes = [note for one in results.values() for note in one.notes]
    assert len(notes) == 1
    assert str(path) in notes[0]
    assert results["b.png"].outcome == "edited"


@pytest.mark.parametrize(
    ("inputs", "output", "expected"),
    [
        (["p"], None, "p-edited"),
        (["p", "q"], None, "p-edited q-edited"),
        (["p", "q"], "out", "out"),
        (["p"], "new/out", "new/out"),
        (["p/sub/b.png"], None, "p/sub"),
        (["p/sub/b.png"], "new/c.png", "new"),
        (["p/sub/b.png"], "out/", "out"),
        (["p/sub"], None, "p/sub-edited"),
        (["p/**/*.png"], "out", "out"),
        (["."], "../out", "../out"),
    ],
)
def test_where_the_record_lies(tmp_path, monkeypatch, inputs, output, expected):
    monkeypatch.chdir(tmp_path)
    for name in ("p/a.png", "p/sub/b.png", "q/p/a.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = {str(record_folder(job, output)) for job in plan(inputs, output)}
    assert found == set(expected.split())
    monkeypatch.chdir(tmp_path / "p")
    (above,) = {record_folder(job, None) for job in plan(["."])}
    assert above == tmp_path / "p-edited"
