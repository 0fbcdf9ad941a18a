import os
import stat
import sys

import pytest

from faceedit.errors import PlanError, WriteError
from faceedit.outputs import (
    NEW_ONLY,
    REPLACE,
    SEALED_ONLY,
    Permit,
    check_writable,
    create_file,
    is_sealed,
    make_folders,
    refusal,
    sealed,
    shared_permissions,
    write_atomic,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")


def put(path, kind):
    """Put something where a file is to go; return the user's photo, which must stay as it is."""
    photo = path.with_name("photo.jpg")
    photo.write_bytes(b"the user's")
    if kind == "file":
        path.write_bytes(b"the user's, too")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(photo if kind == "link" else path.with_name("nowhere"))
    return photo


@posix
@pytest.mark.parametrize("permit", [NEW_ONLY, REPLACE, SEALED_ONLY])
@pytest.mark.parametrize("kind", ["file", "folder", "pipe", "link", "dangling"])
@pytest.mark.parametrize("write", [write_atomic, lambda p, d, permit: create_file(p, permit)])
def test_what_is_in_the_way(tmp_path, kind, permit, write):
    path = tmp_path / "out.jpg"
    photo = put(path, kind)
    before = sorted(tmp_path.iterdir())
    if permit is REPLACE and kind in ("file", "link", "dangling"):
        write(path, b"new", permit)
        assert path.is_file()
        assert not path.is_symlink()
        assert not (tmp_path / "nowhere").exists()
    else:
        assert refusal(path, permit) is not None
        with pytest.raises((WriteError, PlanError), match=r"out\.jpg: "):
            write(path, b"new", permit)
        assert sorted(tmp_path.iterdir()) == before
    assert photo.read_bytes() == b"the user's"


def test_the_same_bytes_are_no_loss(tmp_path):
    path = tmp_path / "out.jpg"
    assert write_atomic(path, b"same") == write_atomic(path, b"same")
    with pytest.raises(WriteError, match="cannot prove"):
        write_atomic(path, b"other")


def test_the_first_are_named_and_the_others_counted(tmp_path):
    paths = [tmp_path / f"{at}.jpg" for at in range(6)]
    for path in paths:
        path.touch()
    with pytest.raises(PlanError, match=r"0\.jpg: .*2\.jpg: .*; and 3 more\. .*--overwrite"):
        check_writable([*paths, tmp_path / "new.jpg"])


def test_what_overwriting_cannot_replace_is_not_said_to_be_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for paths, why in (
        ([tmp_path / "file", tmp_path / "folder"], "a folder is in the way"),
        ([tmp_path / "file" / "report.json"], "a file is where its folder would be"),
        ([tmp_path / "new", tmp_path / "new"], "it is named twice"),
    ):
        with pytest.raises(PlanError, match=why) as refused:
            check_writable(paths)
        assert "--overwrite" not in str(refused.value)


def test_the_claim_comes_before_the_file(tmp_path):
    seen = []
    path = tmp_path / "out.jpg"
    permit = Permit(claim=lambda *claim: seen.append((*claim, path.exists())))
    sha256 = write_atomic(path, b"new", permit)
    assert seen == [(path, sha256, False)]


@posix
def test_permissions(tmp_path):
    def mode(path):
        return stat.S_IMODE(path.stat().st_mode)

    photos = tmp_path / "photos" / "sub"
    make_folders(photos)
    photos.chmod(0o500)
    photos.parent.chmod(0o750)
    out = tmp_path / "out" / "sub" / "a.jpg"
    write_atomic(out, b"new", permissions=0o440, like=photos)
    assert [mode(path) for path in (out, out.parent, out.parent.parent)] == [0o440, 0o700, 0o750]
    # Folders that are there keep theirs.
    write_atomic(out.with_name("b.jpg"), b"new", permissions=0o604, like=tmp_path)
    assert mode(out.parent) == 0o700
    assert shared_permissions([out, out.with_name("b.jpg"), out / "none"]) == 0o600
    with create_file(tmp_path / "t.csv", permissions=0o600) as file:
        file.write(b"1")
    assert mode(tmp_path / "t.csv") == 0o600


def test_a_seal_holds_for_exactly_these_bytes(tmp_path):
    path = tmp_path / "page.html"
    whole = sealed(b"<html>" + bytes(3 << 20))
    for data in (whole, whole + b" ", whole[:-1], whole[1:], b" " + whole, b"", whole[-85:]):
        path.write_bytes(data)
        assert is_sealed(path) == (data == whole)
    path.write_bytes(sealed(b""))
    assert is_sealed(path)
