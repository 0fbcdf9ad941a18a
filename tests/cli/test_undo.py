"""What would be done, and what was done taken back: ``--dry-run`` and ``faceedit undo``."""

import json
import shutil

import pytest
import skimage.data
from PIL import Image

from faceedit.batch.files import folders_in_use

ASTRONAUT = Image.fromarray(skimage.data.astronaut()).resize((200, 200))


@pytest.fixture
def apply(run_main, fake_weights):
    weights = fake_weights()

    def run(*args):
        return run_main("apply", "--edit-shown", "--weights", weights, "-t", "happy", *args)

    return run


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    ASTRONAUT.save(folder / "a.png")
    ASTRONAUT.save(folder / "sub" / "b.png")
    Image.new("RGB", (40, 30)).save(folder / "blank.png")
    return folder


def states(result):
    lines = [json.loads(line) for line in result.out.splitlines()]
    return {line["output"].rsplit("/", 1)[1]: (line["state"], line["reason"]) for line in lines}


def tree(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_says_what_would_be_done_and_why(apply, photos):
    out = photos.with_name("photos-edited")
    result = apply(photos, "--dry-run")
    assert (result.code, out.exists()) == (0, False)
    assert result.out.splitlines()[0] == f"new  {photos}/a.png -> {out}/a.png"
    assert "3 photos: 3 new; nothing was written" in result.err
    assert apply(photos).code == 0
    (out / "a.png").unlink()
    Image.new("RGB", (50, 30)).save(photos / "blank.png")
    ASTRONAUT.save(photos / "new.png")
    before = tree(photos.parent)
    assert states(apply(photos, "--dry-run", "--json")) == {
        "a.png": ("gone", "its output is not there any more"),
        "b.png": ("done", ""),
        "blank.png": ("changed input", "the photo is not the one that was edited"),
        "new.png": ("new", ""),
    }
    result = apply(photos, "--dry-run", "--json", "--min-face", "50")
    assert states(result)["b.png"] == ("changed setting", "min face 32.0, not 50.0")
    assert "the run would stop" in result.err
    assert states(apply(photos, "--dry-run", "--json", "--overwrite"))["b.png"][0] == "again"
    assert tree(photos.parent) == before
    (out / "sub" / "b.png").write_bytes(b"mine")
    result = apply(photos, "--dry-run", "--json")
    assert states(result)["b.png"][0] == "foreign file"
    assert "the run would stop" in result.err
    result = apply(photos, "--dry-run", "--json", "--overwrite")
    assert states(result)["b.png"] == (
        "foreign file",
        "faceedit cannot prove to have written what is there; --overwrite replaces it",
    )
    assert apply("-", "--dry-run").code == 2


def test_what_a_later_run_replaced_is_another_setting_and_not_gone(apply, photos):
    assert apply(photos).code == 0
    assert apply(photos, "--min-face", "50", "--overwrite").code == 0
    result = apply(photos, "--dry-run", "--json")
    assert states(result)["a.png"] == ("changed setting", "min face 50.0, not 32.0")


def test_undo_removes_what_is_ours_and_nothing_else(apply, run_main, photos):
    out = photos.with_name("photos-edited")
    assert apply(photos).code == 0
    assert apply(photos / "a.png").code == 0
    edited = tree(out)
    assert run_main("undo", out, "--dry-run").out.splitlines() == [
        str(out / name) for name in ("a.png", "blank.png", "sub/b.png", "faceedit.jsonl")
    ]
    assert tree(out) == edited
    # What was retouched, added or put elsewhere by a manifest that lies is not ours.
    (out / "a.png").write_bytes(b"retouched")
    (out / "notes.txt").write_text("mine")
    lines = (out / "faceedit.jsonl").read_text()
    for line in map(json.loads, lines.splitlines()):
        if line["place"] == "sub/b.png":
            shutil.copy(out / "sub" / "b.png", photos.parent / "elsewhere.png")
            lines += json.dumps({**line, "place": "../elsewhere.png"}) + "\n"
    (out / "faceedit.jsonl").write_text(lines)
    result = run_main("undo", out)
    assert result.code == 0
    assert f"kept {out}/a.png: it is not what faceedit wrote there" in result.err
    assert "2 files removed, 1 kept" in result.err
    assert {path.name for path in tree(out)} == {"a.png", "notes.txt", "faceedit.jsonl"}
    assert not (out / "sub").exists()
    assert (photos.parent / "elsewhere.png").exists()
    assert len(tree(photos)) == 4
    (out / "a.png").unlink()
    (out / "notes.txt").unlink()
    (photos.parent / "elsewhere.png").unlink()
    assert run_main("undo", out, "-q").code == 0
    assert not out.exists()


def test_undo_keeps_the_last_copy_of_a_photo(apply, run_main, photos):
    out = photos.with_name("photos-edited")
    assert apply(photos).code == 0
    (photos / "blank.png").unlink()
    result = run_main("undo", out)
    assert "it may be the last copy of" in result.err
    assert [path.name for path in tree(out)] == ["blank.png", "faceedit.jsonl"]


def test_undo_names_files_as_the_folder_was_named(apply, run_main, photos, monkeypatch):
    assert apply(photos).code == 0
    monkeypatch.chdir(photos.parent)
    lines = run_main("undo", "photos-edited", "--dry-run").out.splitlines()
    assert (lines[0], lines[-1]) == ("photos-edited/a.png", "photos-edited/faceedit.jsonl")
    assert "it is a file; name its folder" in run_main("undo", lines[0]).err


def test_undo_is_refused_where_nothing_is_proven(apply, run_main, photos):
    out = photos.with_name("photos-edited")
    assert run_main("undo", photos).code == 2
    assert "it has no manifest" in run_main("undo", photos).err
    assert "no such folder" in run_main("undo", out).err
    assert apply(photos).code == 0
    with folders_in_use({out: []}):
        result = run_main("undo", out)
    assert (result.code, "another run is writing" in result.err) == (2, True)
    assert len(tree(out)) == 4
