"""Nothing of the user's is lost: which files a run replaces, leaves out, and leaves behind."""

import io
import json
import os
import stat
import sys
from pathlib import Path

import pytest
import skimage.data
from PIL import Image
from told import counts

from faceedit.batch.ledger import JOURNAL_FILE

ASTRONAUT = Image.fromarray(skimage.data.astronaut()).resize((300, 300))
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other files")


@pytest.fixture
def apply(run_main, fake_weights, tmp_path, monkeypatch):
    """Run ``apply -t happy --weights FAKE`` on what is given, in an empty folder."""
    weights = fake_weights()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*args, target="happy"):
        return run_main("apply", "-t", target, "--edit-shown", "--weights", weights, *args)

    return run


@pytest.fixture
def here(apply, tmp_path):
    """The working folder, with ``a.png`` and ``photos/b.png``."""
    here = tmp_path / "here"
    (here / "photos").mkdir()
    ASTRONAUT.save(here / "a.png")
    ASTRONAUT.rotate(3).save(here / "photos" / "b.png")
    return here


def content(folder):
    """Everything below a folder: bytes, and where links lead."""
    return {
        path: path.readlink() if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def refused(result, *words):
    assert (result.code, result.out) == (2, "")
    assert "Traceback" not in result.err
    assert all(word in result.err for word in words), result.err
    return True


def outcomes(result):
    lines = [json.loads(line) for line in result.out.splitlines()]
    return {os.path.basename(line["input"]): line["outcome"] for line in lines}  # noqa: PTH119


def test_the_users_own_file_is_not_an_output(apply, here):
    (here / "other.png").write_bytes(b"the user's")
    assert apply("a.png", "-q").code == 0
    before = content(here)
    assert refused(apply("a.png", "-q", "-o", "other.png"), "other.png", "--overwrite")
    assert content(here) == before
    assert apply("a.png", "-q", "-o", "other.png", "--overwrite").code == 0
    assert (here / "other.png").read_bytes() == (here / "a-edited.png").read_bytes()


def test_a_file_put_where_a_later_output_goes(apply, here):
    assert apply("photos", "-q").code == 0
    ASTRONAUT.save(here / "photos" / "new.png")
    (here / "photos-edited" / "new.png").write_bytes(b"the user's")
    before = content(here)
    assert refused(apply("photos", "-q"), str(Path("photos-edited", "new.png")))
    assert content(here) == before


@pytest.mark.parametrize("manifest", [b"", b"{}\n", b'{"place": "a-edited.png"}\n'])
def test_an_empty_manifest_proves_nothing(apply, here, manifest):
    (here / "faceedit.jsonl").write_bytes(manifest)
    (here / "a-edited.png").write_bytes(b"the user's")
    before = content(here)
    assert refused(apply("a.png", "-q"), "a-edited.png")
    assert content(here) == before


def test_another_target_does_not_replace_the_first(apply, here):
    assert apply("photos", "-q").code == 0
    before = content(here)
    result = apply("photos", "-q", target="surprised")
    assert refused(result, "target happy, not surprised", "--overwrite", "-o photos-surprised")
    assert refused(apply("photos", "-q", "--quality", "50"), "quality not set, not 50")
    assert refused(apply("photos", "-q", "--strip"), "strip off, not on")
    assert content(here) == before
    assert apply("photos", "-q", "-o", "photos-surprised", target="surprised").code == 0
    assert apply("photos", "-q", "--overwrite", target="surprised").code == 0
    result = apply("photos", target="surprised")
    assert "(1 done before)" in result.err
    assert refused(apply("photos", "-q"), "target surprised, not happy")


def test_other_photos_beside_outputs_may_have_another_target(apply, here):
    ASTRONAUT.save(here / "c.png")
    assert apply("a.png", "-q", "--manifest").code == 0
    assert apply("c.png", "-q", target="surprised").code == 0
    assert refused(apply("a.png", "-q", target="surprised"), "target happy, not surprised")


def test_outputs_beside_their_photos_are_no_inputs(apply, here):
    ASTRONAUT.save(here / "c.png")
    assert apply("*.png", "-q").code == 0
    ASTRONAUT.rotate(9).save(here / "d.png")
    result = apply("*.png", "--json")
    assert result.code == 0
    assert outcomes(result) == {
        "a.png": "edited",
        "c.png": "edited",
        "d.png": "edited",
        "a-edited.png": "skipped",
        "c-edited.png": "skipped",
    }
    assert counts(result.err) == {"edited": 3, "skipped": 2, "done before": 2}
    assert "skipped a-edited.png: faceedit edited it before; --again" in result.err
    assert not (here / "a-edited-edited.png").exists()


def test_a_killed_run_beside_its_photos_goes_on(apply, here):
    ASTRONAUT.save(here / "c.png")
    assert apply("*.png", "-q").code == 0
    # As if the kill had come between the second output and its line.
    path = here / "faceedit.jsonl"
    first, last = (json.loads(line) for line in path.read_text().splitlines())
    path.write_text(json.dumps(first) + "\n")
    claim = {"place": last["place"], "sha256": last["output_sha256"]}
    (here / JOURNAL_FILE).write_text(json.dumps(claim) + "\n")
    before = content(here)
    result = apply("*.png", "--json")
    assert result.code == 0
    assert set(outcomes(result).values()) == {"edited", "skipped"}
    assert "(1 done before)" in result.err
    after = content(here)
    assert after.keys() == before.keys() - {here / JOURNAL_FILE}
    assert {p: b for p, b in after.items() if p != path}.items() <= before.items()


def test_a_single_output_is_no_input_of_a_pattern_that_finds_it(apply, here):
    assert apply("*.png", "-q").code == 0
    assert not list(here.glob("*.jsonl"))
    assert refused(apply("*.png"), "a-edited.png: a file is there", "--overwrite")
    result = apply("*.png", "--overwrite", "--json")
    assert (result.code, outcomes(result)) == (0, {"a.png": "edited", "a-edited.png": "skipped"})
    assert refused(apply("*.png", "--overwrite", "--again"), "but it is an input")


def test_an_edited_photo_is_edited_again_only_if_asked(apply, here):
    assert apply("a.png", "-q", "-o", "smile.png").code == 0
    result = apply("smile.png", "a.png", "-o", "out", "--json")
    assert result.code == 0
    assert outcomes(result) == {"smile.png": "skipped", "a.png": "edited"}
    assert outcomes(apply("smile.png", "-o", "out2", "--again", "--json")) == {
        "smile.png": "edited"
    }
    # Of one that does not say so, its folder's manifest does.
    assert apply("photos", "-q", "--no-provenance").code == 0
    result = apply("photos-edited", "--json")
    assert (result.code, outcomes(result)) == (0, {"b.png": "skipped"})
    assert not (here / "photos-edited-edited").exists()
    assert outcomes(apply("photos-edited", "--again", "--json")) == {"b.png": "edited"}


def test_an_output_folder_below_the_input_is_left_out(apply, here):
    assert apply("photos", "-q", "-o", "photos/out", "--no-provenance").code == 0
    result = apply("photos", "--json")
    assert outcomes(result) == {"b.png": "skipped"} | {"b.png": "edited"}
    assert len(result.out.splitlines()) == 2
    assert counts(result.err) == {"edited": 1, "skipped": 1}
    assert not (here / "photos-edited" / "out").exists()


def test_a_manifest_lies_beside_a_single_photo_only_if_asked_for(apply, here):
    assert apply("a.png", "-q").code == 0
    assert apply("a.png", "-q", "-o", "x/y.png").code == 0
    assert not list(here.rglob("*.jsonl"))
    assert apply("a.png", "-q", "--manifest", "-o", "asked/a.png").code == 0
    assert apply("a.png", "-q", "-o", "folder/").code == 0
    ASTRONAUT.save(here / "x" / "c.png")
    assert apply("a.png", "x/c.png", "-q", "-o", "two").code == 0
    names = {path.parent.name for path in here.rglob("faceedit.jsonl")}
    assert names == {"asked", "folder", "two"}


@pytest.mark.parametrize("name", ["a.png", "new.png"])
def test_the_pipe_replaces_nothing(apply, here, monkeypatch, name):
    (here / "new.png").write_bytes(b"the user's")
    before = content(here)

    def stdin():
        data = io.BytesIO((here / "a.png").read_bytes())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))

    stdin()
    assert refused(apply("-", "-q", "-o", name), name, "--overwrite")
    assert content(here) == before
    stdin()
    assert apply("-", "-q", "-o", "new.png", "--overwrite").code == 0


def test_a_pipe_refuses_before_any_work(apply, here, monkeypatch):
    monkeypatch.setattr("faceedit.cli.apply_run.read_stdin", None)
    assert refused(apply("-", "-o", "a.png"), "a.png", "--overwrite")


def test_a_pipe_passes_on_what_was_edited_before(apply, here, monkeypatch):
    assert apply("a.png", "-q").code == 0
    edited = (here / "a-edited.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(edited)))
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    result = apply("-")
    assert (result.code, out.buffer.getvalue()) == (0, edited)
    assert "copied stdin: faceedit edited it before" in result.err


@posix
def test_a_pipe_from_a_private_file_gives_one(apply, here, monkeypatch):
    (here / "a.png").chmod(0o600)
    with (here / "a.png").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert apply("-", "-q", "-o", "new.png").code == 0
    assert stat.S_IMODE((here / "new.png").stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("target", ["a.png", "photos-edited/b.png", "a-edited.png"])
def test_links_are_not_written_through(apply, here, target):
    (here / "photos-edited").mkdir()
    mine = here / "mine.png"
    ASTRONAUT.save(mine)
    (here / target).unlink(missing_ok=True)
    (here / target).symlink_to(mine)
    before = content(here)
    source, options = {
        "a.png": ("photos/b.png", ["-o", "a.png"]),
        "photos-edited/b.png": ("photos", []),
        "a-edited.png": ("a.png", []),
    }[target]
    assert refused(apply(source, "-q", *options), target, "a link is there")
    assert content(here) == before
    assert apply(source, "-q", "--overwrite", *options).code == 0
    assert not (here / target).is_symlink()
    assert mine.read_bytes() == before[mine]


@pytest.mark.parametrize("command", ["apply", "pipe", "sheet", "csv", "demo"])
def test_an_empty_output_is_no_folder(apply, run_main, here, monkeypatch, command):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((here / "a.png").read_bytes())))
    before = content(here)
    run = {
        "apply": lambda: apply("photos", "-o", ""),
        "pipe": lambda: apply("-", "-o", ""),
        "sheet": lambda: run_main("analyze", "photos", "--sheet", ""),
        "csv": lambda: run_main("analyze", "photos", "--csv", ""),
        "demo": lambda: run_main("demo", "-o", ""),
    }
    assert refused(run[command]())
    assert content(here) == before


@pytest.mark.parametrize("report", ["--gallery", "--compare"])
def test_reports_replace_only_what_is_sealed(apply, here, report):
    assert apply("photos", "-q", report).code == 0
    assert apply("photos", "-q", report).code == 0
    (path,) = [*here.rglob("faceedit-gallery.html"), *here.rglob("b.png.jpg")]
    path.write_bytes(path.read_bytes() + b"<!-- my notes -->")
    (here / "photos-edited" / "b.png").unlink()
    before = content(here)
    assert refused(apply("photos", "-q", report), path.name)
    assert content(here) == before
    assert apply("photos", "-q", report, "--overwrite").code == 0
    assert not path.read_bytes().endswith(b"<!-- my notes -->")


@posix
def test_outputs_are_as_private_as_their_photos(apply, run_main, here):
    (here / "photos" / "b.png").chmod(0o600)
    (here / "photos").chmod(0o700)
    ASTRONAUT.save(here / "photos" / "c.png")
    (here / "photos" / "c.png").chmod(0o640)
    assert apply("photos", "-q", "--gallery", "--compare").code == 0
    below = {
        path.relative_to(here / "photos-edited").as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (here / "photos-edited").rglob("*")
    }
    assert below == {
        "b.png": 0o600,
        "c.png": 0o640,
        "faceedit.jsonl": 0o600,
        "faceedit-gallery.html": 0o600,
        "faceedit-compare": 0o700,
        "faceedit-compare/b.png.jpg": 0o600,
        "faceedit-compare/c.png.jpg": 0o640,
    }
    assert stat.S_IMODE((here / "photos-edited").stat().st_mode) == 0o700
