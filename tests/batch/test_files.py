import io
import os
import subprocess
import sys

import pytest

from faceedit.batch.files import append_line, folders_in_use
from faceedit.outputs import TEMPORARY


def leave(folder):
    folder.mkdir(parents=True, exist_ok=True)
    leaving = folder / f".{TEMPORARY}0123"
    leaving.write_bytes(b"half a photo")
    return leaving


def test_what_a_killed_run_left_is_cleared_away(tmp_path):
    leavings = [leave(tmp_path), leave(tmp_path / "sub")]
    kept = tmp_path / ".hidden"
    kept.touch()
    with folders_in_use({tmp_path: [tmp_path / "sub"], tmp_path / "none": []}):
        assert not any(leaving.exists() for leaving in leavings)
        leaving = leave(tmp_path / "sub")
    assert not leaving.exists()
    assert kept.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked there")
def test_nothing_is_cleared_away_beside_another_run(tmp_path):
    code = (
        "import sys; from pathlib import Path; from faceedit.batch.files import folders_in_use\n"
        "with folders_in_use({Path(sys.argv[1]): []}): print('in', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        leaving = leave(tmp_path)
        with folders_in_use({tmp_path: []}):
            assert leaving.exists()
        other.kill()
        other.wait()
    with folders_in_use({tmp_path: []}):
        assert not leaving.exists()


def test_a_torn_line_is_closed_before_the_next(tmp_path):
    path = tmp_path / "lines"
    append_line(path, b"one")
    with path.open("ab") as file:
        file.write(b"to")
    append_line(path, b"three")
    assert path.read_bytes() == b"one\nto\nthree\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_nothing_but_a_file_is_appended_to(tmp_path, kind):
    path, photo = tmp_path / "m.jsonl", tmp_path / "photo.jpg"
    photo.write_bytes(b"a photo")
    {"link": lambda: path.symlink_to(photo), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[
        kind
    ]()
    with pytest.raises(OSError):
        append_line(path, b"one")
    assert photo.read_bytes() == b"a photo"


def test_a_full_disk_says_so(tmp_path, monkeypatch):
    class Full(io.FileIO):
        def write(self, data):
            super().write(bytes(data)[:2])
            raise OSError(28, "No space left on device")

    path = tmp_path / "m.jsonl"
    append_line(path, b"whole")
    monkeypatch.setattr("faceedit.batch.files.open_appending", lambda *_: Full(path, "a+"))
    with pytest.raises(OSError, match="No space left on device"):
        append_line(path, b"one")
    assert path.read_bytes() == b"whole\n"
