import json
import os
import sys
import threading
from typing import Literal

import pytest
from PIL import Image

from faceedit.batch import ledger
from faceedit.batch import manifest as module
from faceedit.batch.manifest import MANIFEST_FILE, Manifest
from faceedit.batch.output_folders import manifest_folder
from faceedit.batch.run import RunOptions, run
from faceedit.batch.shard import Shard, parse_shard
from faceedit.errors import PlanError, UsageError, WriteError
from faceedit.outputs import write_atomic
from faceedit.photos import Job, plan
from faceedit.registry import sha256_of
from faceedit.targets import parse_target

HAPPY = parse_target(["happy"])
SETTINGS = {
    "settings": {"target": "happy"},
    "method": "reggan",
    "profile": "fake",
    "weights_sha256": "ab",
}


@pytest.fixture
def do(folder, editor):
    """Run the folder: ``do(settings=..., resume=..., on_no_face=...)``, results by name."""

    def do(
        name=MANIFEST_FILE,
        resume=True,
        on_no_face: Literal["copy", "skip", "fail"] = "copy",
        **settings,
    ):
        jobs = plan([folder])
        manifest = Manifest(None, {**SETTINGS, **settings}, name, resume)
        options = RunOptions(HAPPY, on_no_face)
        with manifest.opened(jobs):
            return {one.job.source.name: one for one in run(jobs, editor, options, manifest)}

    return do


def lines_of(folder, name=MANIFEST_FILE):
    text = (folder.with_name("photos-edited") / name).read_text()
    return [json.loads(line) for line in text.splitlines()]


def resumed(results):
    return {name for name, one in results.items() if one.resumed}


def test_a_line_for_each_photo(do, folder):
    results = do()
    lines = {line["place"]: line for line in lines_of(folder)}
    assert {place: line["outcome"] for place, line in lines.items()} == {
        "a.png": "edited",
        "blank.jpg": "copied",
        "broken.jpg": "failed",
        "sub/b.png": "edited",
    }
    edited = lines["a.png"]
    assert edited["input"] == str(folder / "a.png")
    assert edited["input_sha256"] == results["a.png"].input_sha256
    assert edited["output"] == "a.png"
    assert edited["output_sha256"] == sha256_of(results["a.png"].job.target)
    assert edited["settings"] == {"target": "happy"}
    assert edited["weights_sha256"] == "ab"
    (face,) = edited["faces"]
    assert face["score"] > 0.5
    assert len(face["box"]) == 4
    assert face["scores"]["strength"] == 1
    assert face["scores"]["moved"] > 0.01
    assert lines["broken.jpg"]["output"] is None
    assert lines["broken.jpg"]["reason"]


def test_what_is_done_is_not_redone(do, folder, editor):
    first = do()
    calls = len(editor.steps[0].method.calls)
    again = do()
    assert resumed(again) == {"a.png", "blank.jpg", "b.png"}
    assert len(editor.steps[0].method.calls) == calls
    assert [len(one.faces) for one in again.values()] == [len(one.faces) for one in first.values()]
    assert again["a.png"].faces[0] == first["a.png"].faces[0]
    # Only the failure is tried again.
    assert [line["place"] for line in lines_of(folder)[4:]] == ["broken.jpg"]


def test_skipped_photos_are_not_looked_at_again(do):
    do(on_no_face="skip")
    assert resumed(do(on_no_face="skip")) == {"a.png", "blank.jpg", "b.png"}


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"target": "sad"}, "resume": False},
        {"weights_sha256": "cd"},
        {"networks": {"blazeface-short": "ef"}},
        {"method": "other", "resume": False},
        {"profile": "other", "resume": False},
        {"resume": False},
    ],
)
def test_other_settings_or_weights_redo_all(do, change):
    do()
    assert resumed(do(**change)) == set()
    # From then on that is what the folder holds.
    assert resumed(do(**(change | {"resume": True}))) == {"a.png", "blank.jpg", "b.png"}


def test_other_settings_are_not_mixed_in(do, folder):
    do()
    before = lines_of(folder)
    said = r"photos-edited was made with target happy, not sad: .*--overwrite, .* -o .*photos-sad"
    with pytest.raises(PlanError, match=said):
        do(settings={"target": "sad"})
    # What newer versions say besides is no difference.
    assert resumed(do(settings={"target": "happy", "new": 1})) == set()
    assert lines_of(folder)[: len(before)] == before


def test_two_runs_with_other_settings_at_once(do, folder, editor):
    jobs = plan([folder])
    sad = Manifest(None, {**SETTINGS, "settings": {"target": "sad"}})
    with Manifest(None, SETTINGS).opened(jobs):
        with Manifest(None, SETTINGS).opened(jobs):
            pass
        with (
            pytest.raises(PlanError, match=r"another run is writing to .* with target happy"),
            sad.opened(jobs),
        ):
            pass
    with sad.opened(jobs):
        pass
    assert not list(folder.with_name("photos-edited").glob(".*"))


def test_a_device_or_version_redoes_nothing(do):
    do(device="cuda:0", faceedit="0.0.1")
    assert resumed(do(device="cpu", faceedit="9")) == {"a.png", "blank.jpg", "b.png"}


def test_a_changed_input_is_redone(do, folder):
    do()
    with Image.open(folder / "a.png") as image:
        image.rotate(3).save(folder / "a.png")
    assert resumed(do()) == {"blank.jpg", "b.png"}


def test_an_output_that_is_gone_is_made_again(do):
    output = do()["a.png"].job.target
    whole = output.read_bytes()
    output.unlink()
    assert resumed(do()) == {"blank.jpg", "b.png"}
    assert output.read_bytes() == whole


def test_an_output_that_was_retouched_is_refused_before_any_work(do, folder, editor):
    first = do()
    output, other = first["a.png"].job.target, first["b.png"].job.target
    output.write_bytes(output.read_bytes() + b"retouched")
    retouched, calls = output.read_bytes(), len(editor.steps[0].method.calls)
    other.unlink()
    with pytest.raises(PlanError, match=r"a\.png: a file is there that faceedit cannot prove"):
        do()
    assert (output.read_bytes(), other.exists()) == (retouched, False)
    assert len(editor.steps[0].method.calls) == calls
    assert do(resume=False)["a.png"].outcome == "edited"


def deep(at=100_000):
    return b"[" * at + b"]" * at


HOSTILE = {
    "torn": b'{"torn',
    "no object": b"[1]",
    "no text": b"\xff\xfe",
    "outcome": b'{"outcome": 3}',
    "deep": b'{"place": "a.png", "time": "", "outcome": "edited", "settings": ' + deep() + b"}",
    "place": b'{"place": ["a.png"], "outcome": "edited"}',
    "number": b'{"place": "a.png", "time": "", "outcome": "copied", "reason": "", "faces": [], '
    b'"seconds": 1' + b"0" * 400 + b', "input_sha256": "", "output_sha256": "", "notes": []}',
    "digits": b'{"place": ' + b"9" * 5000 + b"}",
    "long": b'{"place": "' + b"a" * (ledger.LONGEST_LINE + 9) + b'"}',
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_lines_that_cannot_be_believed_are_passed_over_and_counted(do, folder, line):
    do()
    path = folder.with_name("photos-edited") / MANIFEST_FILE
    whole = path.read_bytes()
    path.write_bytes(line + b"\n" + whole + line)
    assert resumed(do()) == {"a.png", "blank.jpg", "b.png"}
    assert json.loads(path.read_bytes().splitlines()[-1])["place"] == "broken.jpg"
    with Manifest(None, SETTINGS).opened(plan([folder])) as told:
        (one,) = told
    assert "2 of its lines cannot be read" in one


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
@pytest.mark.parametrize("name", [MANIFEST_FILE, "faceedit-1-of-2.jsonl", ledger.JOURNAL_FILE])
@pytest.mark.parametrize("kind", ["link", "pipe", "endless", "folder"])
def test_links_and_pipes_are_no_manifests(do, folder, editor, name, kind):
    photo, path = folder / "a.png", folder.with_name("photos-edited") / name
    before = photo.read_bytes()
    path.parent.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(photo if kind == "link" else "/dev/zero")
    with pytest.raises(PlanError, match=f"{name}: is named like a manifest"):
        do()
    assert photo.read_bytes() == before
    assert editor.steps[0].method.calls == []


def test_a_kill_between_output_and_line_leaves_a_proof(do, folder, monkeypatch):
    jobs = plan([folder])
    manifest = Manifest(None, SETTINGS)
    with pytest.raises(KeyboardInterrupt), manifest.opened(jobs):
        write_atomic(jobs[0].target, b"an output", manifest.permit(jobs[0]))
        raise KeyboardInterrupt
    journal = jobs[0].target.parent / ledger.JOURNAL_FILE
    assert b"a.png" in journal.read_bytes()
    assert resumed(do()) == set()
    assert not journal.exists()


def test_manifests_merge_by_concatenation(do, folder):
    do()
    edited = folder.with_name("photos-edited")
    lines = (edited / MANIFEST_FILE).read_bytes().splitlines(keepends=True)
    (edited / MANIFEST_FILE).write_bytes(b"".join(lines[:1]))
    (edited / "faceedit-2-of-2.jsonl").write_bytes(b"".join(lines[:0:-1]))
    assert resumed(do()) == {"a.png", "blank.jpg", "b.png"}


def test_the_folder_can_be_moved(do, folder, tmp_path):
    do()
    for name in ("photos", "photos-edited"):
        (tmp_path / name).rename(tmp_path / f"{name}-")
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        (tmp_path / f"{name}-").rename(tmp_path / "elsewhere" / name)
    jobs = plan([tmp_path / "elsewhere" / "photos"])
    manifest = Manifest(None, SETTINGS)
    hashes = [sha256_of(job.source) for job in jobs]
    found = [manifest.find(*one) is not None for one in zip(jobs, hashes, strict=True)]
    assert found == [True, True, False, True]


def test_files_of_others_are_not_replaced(do, folder):
    target = folder.with_name("photos-edited") / "a.png"
    target.parent.mkdir()
    target.write_bytes(b"mine")
    with pytest.raises(PlanError, match=r"a\.png: a file is there"):
        do()
    assert target.read_bytes() == b"mine"
    assert list(target.parent.iterdir()) == [target]
    assert do(resume=False)["a.png"].outcome == "edited"


@pytest.mark.parametrize(("resume", "error"), [(True, PlanError), (False, WriteError)])
def test_an_output_folder_that_cannot_be_made_is_found_before_any_work(folder, resume, error):
    folder.with_name("photos-edited").write_bytes(b"a file")
    jobs = [Job(folder / "a.png", folder.with_name("photos-edited") / "a.png")]
    with (
        pytest.raises(error, match=r"photos-edited.*folder"),
        Manifest(None, SETTINGS, resume=resume).opened(jobs),
    ):
        pytest.fail("the run began")


@pytest.mark.parametrize("name", [MANIFEST_FILE, ledger.JOURNAL_FILE])
def test_a_manifest_of_millions_of_lines_is_not_read_to_its_end(folder, name):
    path = folder.with_name("photos-edited") / name
    path.parent.mkdir()
    path.write_bytes(b"{}\n" * 1_000_000)
    jobs = [Job(folder / "a.png", path.parent / "a.png")]
    with (
        pytest.raises(PlanError, match=f"{name}: is named like a manifest, but cannot be read"),
        Manifest(None, SETTINGS).opened(jobs),
    ):
        pytest.fail("the run began")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_an_output_folder_that_is_a_link_to_nothing(folder):
    folder.with_name("photos-edited").symlink_to("nowhere")
    jobs = [Job(folder / "a.png", folder.with_name("photos-edited") / "a.png")]
    with (
        pytest.raises(WriteError, match="a link to nothing"),
        Manifest(None, SETTINGS).opened(jobs),
    ):
        pytest.fail("the run began")


def test_a_full_disk_leaves_no_half_line(do, folder, monkeypatch):
    path = folder.with_name("photos-edited") / MANIFEST_FILE
    path.parent.mkdir()
    path.write_bytes(b'{"whole": 1}\n')

    def append(path, line, *_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "append_line", append)
        results = do()
    notes = [note for one in results.values() for note in one.notes]
    assert len(notes) == 1
    assert str(path) in notes[0]
    assert "No space left" in notes[0]
    assert results["b.png"].outcome == "edited"
    assert path.read_bytes() == b'{"whole": 1}\n'


def test_lines_of_many_threads_stay_whole(tmp_path):
    path = tmp_path / "m.jsonl"

    def append(at):
        for number in range(50):
            module.append_line(path, json.dumps({"at": at, "number": number}).encode())

    threads = [threading.Thread(target=append, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 200
    for at in range(4):
        assert [line["number"] for line in lines if line["at"] == at] == list(range(50))


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
def test_where_the_manifest_lies(tmp_path, monkeypatch, inputs, output, expected):
    monkeypatch.chdir(tmp_path)
    for name in ("p/a.png", "p/sub/b.png", "q/p/a.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = {str(manifest_folder(job, output)) for job in plan(inputs, output)}
    assert found == set(expected.split())
    monkeypatch.chdir(tmp_path / "p")
    (above,) = {manifest_folder(job, None) for job in plan(["."])}
    assert above == tmp_path / "p-edited"


def test_shards_share_a_folder_without_overlap(tmp_path, monkeypatch):
    for number in range(60):
        (tmp_path / "photos" / str(number % 5)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / str(number % 5) / f"{number}.jpg").touch()
    jobs = plan([tmp_path / "photos"])
    parts = [parse_shard(f"{index}/3").of(jobs, None) for index in (1, 2, 3)]
    assert sorted((job for part in parts for job in part), key=jobs.index) == jobs
    assert all(len(part) > 8 for part in parts)
    # A photo that another machine sees, too, moves none of the others.
    (tmp_path / "photos" / "0" / "a.jpg").touch()
    more = parse_shard("2/3").of(plan([tmp_path / "photos"]), None)
    assert set(parts[1]) <= set(more)
    monkeypatch.chdir(tmp_path)
    assert len(Shard(2, 3).of(plan(["photos"]), None)) == len(more)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_cannot_be(text):
    with pytest.raises(UsageError, match="1/4 to 4/4"):
        parse_shard(text)
