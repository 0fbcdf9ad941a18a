import os

import numpy as np
import pytest
from PIL import Image

from faceedit.errors import UnreadableError, WriteError
from faceedit.outputs import REPLACE
from faceedit.photos import WriteOptions, copy_photo, copy_suffices, read_photo, write_photo


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return read_photo(tmp_path / "a.png")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_folders_are_made_and_nothing_else_is_left(tmp_path, photo):
    target = tmp_path / "out" / "deep" / "a.png"
    write_photo(photo, target, photo.pixels)
    assert names(target.parent) == ["a.png"]


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o444])
def test_permissions_are_the_photos(tmp_path, photo, permissions):
    photo.path.chmod(permissions)
    photo = read_photo(photo.path)
    write_photo(photo, tmp_path / "b.png", photo.pixels)
    copy_photo(photo.path, tmp_path / "c.png")
    for name in ("b.png", "c.png"):
        assert (tmp_path / name).stat().st_mode & 0o777 == permissions


@pytest.mark.parametrize("step", ["fsync", "replace", "utime"])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, photo, monkeypatch, step):
    target = tmp_path / "out" / "b.png"
    target.parent.mkdir()
    target.write_bytes(b"old")

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"pathlib.Path.{step}" if step == "replace" else f"os.{step}", fail)
    with pytest.raises(WriteError, match=r"b\.png: No space left"):
        write_photo(photo, target, photo.pixels, permit=REPLACE)
    monkeypatch.undo()
    assert names(target.parent) == ["b.png"]
    assert target.read_bytes() == b"old"


def test_an_interrupt_leaves_no_temporary_file(tmp_path, photo, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_photo(photo, tmp_path / "out" / "b.png", photo.pixels)
    assert names(tmp_path / "out") == []


def test_a_file_in_the_way_of_a_folder(tmp_path, photo):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(WriteError):
        write_photo(photo, tmp_path / "out" / "b.png", photo.pixels)


@pytest.mark.parametrize(
    "name", ["-x.png", "two\nlines.png", "x" * 251 + ".png", "ü" * 125 + ".png", "a b'\".png"]
)
def test_names(tmp_path, photo, name):
    write_photo(photo, tmp_path / name, photo.pixels)
    np.testing.assert_array_equal(read_photo(tmp_path / name).pixels, photo.pixels)


def test_what_an_encoder_cannot_do_is_a_write_error(tmp_path):
    wide = np.zeros((1, 16400, 3), np.uint8)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    photo = read_photo(tmp_path / "wide.png")
    with pytest.raises(WriteError, match="webp"):
        write_photo(photo, tmp_path / "wide.webp", photo.pixels)
    assert names(tmp_path) == ["wide.png"]


def test_copy(tmp_path, photo):
    os.utime(photo.path, ns=(10**18, 10**18))
    target = tmp_path / "out" / "b.PNG"
    copy_photo(photo.path, target)
    assert target.read_bytes() == photo.path.read_bytes()
    assert target.stat().st_mtime_ns == 10**18
    with pytest.raises(WriteError, match="copy"):
        copy_photo(photo.path, tmp_path / "b.jpg")
    with pytest.raises(UnreadableError):
        copy_photo(tmp_path / "missing.png", tmp_path / "c.png")


def test_when_a_copy_would_be_wrong(tmp_path):
    source = tmp_path / "a.jpeg"
    assert copy_suffices(source, tmp_path / "b.jpg")
    assert not copy_suffices(source, tmp_path / "b.png")
    assert not copy_suffices(source, tmp_path / "b.jpg", WriteOptions(strip=True))
