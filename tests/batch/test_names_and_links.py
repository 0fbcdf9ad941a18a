"""Folders whose files have names and links that few people think of."""

import os
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from faceedit.batch.run import RunOptions, run
from faceedit.errors import PlanError
from faceedit.photos import plan
from faceedit.targets import parse_target

NAMES = [
    "-x.png",
    "--help.png",
    "two words .png",
    " .png",
    "two\nlines\r.png",
    "tab\tbell\a.png",
    "a'b\"c`$(d);&.png",
    "[1]*?.png",
    "a.jpg.png",
    "Grüße 写真 📷.PNG",
    unicodedata.normalize("NFC", "é.png"),
    unicodedata.normalize("NFD", "é.png"),
    os.fsdecode(b"latin-\xe9.png"),
    "x" * 251 + ".png",
    "ü" * 125 + "x.png",
]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """The folder ``photos`` in the current one, empty."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def face(portrait):
    return Image.fromarray(portrait)


@pytest.fixture
def named(photos, face):
    """Files of all names that this file system takes, as it lists them."""
    for name in NAMES:
        try:
            face.save(photos / name)
        except (OSError, UnicodeError):
            continue
    return names_in(photos)


def test_odd_names_in_a_folder(named, photos, run_folder):
    results = run_folder(photos)
    assert {name: one.outcome for name, one in results.items()} == dict.fromkeys(named, "edited")
    assert names_in(photos.with_name("photos-edited")) == named


def test_odd_names_that_are_named_themselves(named, photos, editor, monkeypatch):
    monkeypatch.chdir(photos)
    jobs = plan(named)
    results = list(run(jobs, editor, RunOptions(parse_target(["happy"]))))
    assert [one.outcome for one in results] == ["edited"] * len(named)
    written = set(names_in(photos)) - set(named)
    assert len(written) == len(named)
    for name in written:
        assert len(os.fsencode(name)) <= 255
        stem, ending = name.rsplit("-edited.", 1)
        assert ending.lower() == "png"
        assert any(source.startswith(stem) for source in named)


def test_one_stem_with_several_suffixes(photos, face, run_folder):
    for name in ("a.jpg", "a.jpeg", "a.png", "a.tif", "a.TIFF", "a.webp", "a.bmp"):
        face.save(photos / name)
    results = run_folder(photos)
    assert len(results) == 7
    for name, one in results.items():
        assert (one.outcome, one.output) == ("edited", photos.with_name("photos-edited") / name)
    sources = sorted(photos.iterdir())
    assert len({job.target for job in plan(sources)}) == 7


def test_one_stem_and_one_format_is_refused_before_any_work(photos, face, tmp_path):
    for name in ("a.jpg", "a.png", "b.jpg"):
        face.save(photos / name)
    with pytest.raises(PlanError, match=r"a\.jpg and .*a\.png would both be written to .*a\.png"):
        plan([photos], format="png")
    assert names_in(tmp_path) == ["photos"]
    (photos / "a.png").rename(photos / "c.png")
    (photos / "b.png").mkdir()
    face.save(photos / "b.png" / "d.png")
    with pytest.raises(PlanError, match=r"b\.jpg would be .*b\.png, but that is a folder"):
        plan([photos], format="png")
    assert len(plan([photos])) == 4


def test_a_gif_stands_in_no_photos_way(photos, face):
    face.save(photos / "a.jpg")
    face.save(photos / "a.gif")
    assert [job.target.name for job in plan([photos], format="png")] == ["a.gif", "a.png"]


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def linked(photos, face, tmp_path):
    """A folder full of links, and an album outside of it that one of them means."""
    album = tmp_path / "album"
    (album / "sub").mkdir(parents=True)
    face.save(photos / "a.png")
    face.save(album / "b.png")
    face.save(album / "sub" / "c.png")
    links = {
        "to-album": album,
        "again": album / "sub",
        "self": photos,
        "up": tmp_path,
        "copy.png": photos / "a.png",
        "outside.png": album / "b.png",
        "gone.png": tmp_path / "nowhere.png",
        "loop.png": "loop.png",
        "loop": "loop",
        "gone": tmp_path / "nowhere",
    }
    try:
        for name, aim in links.items():
            (photos / name).symlink_to(aim)
    except OSError:
        pytest.skip("no links here")
    return album


def test_links_are_followed_once_and_outputs_stay_below_the_output_folder(
    linked, photos, run_folder, tmp_path
):
    before = contents(linked) | contents(photos)
    expected = {
        "a.png": "edited",
        "copy.png": "edited",
        "outside.png": "edited",
        "again/c.png": "edited",
        "to-album/b.png": "edited",
        "gone.png": "failed",
        "loop.png": "failed",
    }
    # The second run must not take the first one's outputs, which the link up leads to.
    for _ in range(2):
        results = run_folder(photos)
        assert {Path(n).as_posix(): one.outcome for n, one in results.items()} == expected
        assert results["gone.png"].reason == "it is a link to a file that does not exist"
        assert "symbolic links" in results["loop.png"].reason
        root = tmp_path / "photos-edited"
        for one in results.values():
            if one.output is not None:
                assert one.output.resolve().is_relative_to(root)
                assert not one.output.is_symlink()
        assert not any(path.is_symlink() for path in root.rglob("*"))
    assert contents(linked) | contents(photos) == before
    assert names_in(tmp_path) == ["album", "photos", "photos-edited"]


def test_a_linked_folder_that_is_named_itself(linked, photos, editor):
    jobs = plan([photos / "to-album"])
    results = list(run(jobs, editor, RunOptions(parse_target(["happy"]))))
    assert [one.outcome for one in results] == ["edited"] * 2
    written = photos / "to-album-edited"
    assert [one.output for one in results] == [written / "b.png", written / "sub" / "c.png"]
