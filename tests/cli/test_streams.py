"""What a command does with closed, full and broken streams, as shells hand them to it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import skimage.data
from PIL import Image
from told import counts

from faceedit.cli.streams import read_stdin
from faceedit.errors import StreamError

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a shell of POSIX")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Run a line of shell in an empty folder; ``faceedit`` in it is this one."""
    monkeypatch.chdir(tmp_path)

    def run(line):
        program = f"'{sys.executable}' -m faceedit"
        return subprocess.run(
            ["sh", "-c", line.replace("faceedit", program)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(skimage.data.astronaut()[:300, 100:400]).save(path)
    return path


def test_messages_never_get_into_the_photo(shell, photo):
    done = shell("faceedit apply -t sad - < a.jpg 2>&-")
    assert done.returncode == 0
    assert done.stdout.startswith(b"\xff\xd8\xff")
    assert done.stdout == shell("faceedit apply -t sad - < a.jpg").stdout
    with Image.open(io.BytesIO(done.stdout)) as image:
        image.load()


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", "2>&- <&- >&-"])
def test_messages_that_cannot_be_written_end_nothing(shell, photo, where):
    assert shell(f"faceedit apply -t sad a.jpg {where}").returncode == 0
    assert photo.with_name("a-edited.jpg").exists()
    assert shell(f"faceedit nonsense {where}").returncode == 2


@pytest.mark.parametrize(
    ("where", "reason"),
    [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")],
)
@pytest.mark.parametrize("command", ["models list --json", "--help"])
def test_data_that_cannot_be_written_is_an_error(shell, command, where, reason):
    done = shell(f"faceedit {command} {where}")
    assert done.returncode == 1
    assert done.stderr.decode() == f"error: stdout cannot be written: {reason}\n"


def test_a_photo_that_cannot_be_written_is_an_error(shell, photo):
    done = shell("faceedit apply -t sad -q - < a.jpg >/dev/full")
    assert done.returncode == 1
    assert done.stderr == b"error: stdout cannot be written: No space left on device\n"


def test_lines_that_cannot_be_written_end_a_run_in_good_order(shell, photo):
    photos = photo.with_name("photos")
    photos.mkdir()
    for at in range(8):
        (photos / f"{at}.jpg").write_bytes(photo.read_bytes())
    done = shell("faceedit apply -t sad photos --json >/dev/full")
    assert done.returncode == 1
    _, stopped, summary, error = done.stderr.decode().splitlines()
    edited = list(photo.with_name("photos-edited").glob("*.jpg"))
    manifest = photo.with_name("photos-edited") / "faceedit.jsonl"
    places = [json.loads(line)["place"] for line in manifest.read_text().splitlines()]
    assert sorted(places) == sorted(path.name for path in edited)
    assert 1 <= len(edited) < 8
    assert stopped.startswith(f"stopped, {8 - len(edited)} photo")
    assert counts(summary) == {"edited": len(edited)}
    assert error == "error: stdout cannot be written: No space left on device"


def test_a_reader_that_goes_away_ends_the_command_without_a_word(tmp_path):
    near, far = os.pipe()
    os.close(near)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "faceedit", "models", "list"],
            stdout=far,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(far)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_closed_stdin_is_said(shell):
    done = shell("faceedit apply -t sad - <&-")
    assert done.returncode == 1
    assert done.stderr == b"error: stdin cannot be read: Bad file descriptor\n"


def test_names_that_the_terminal_cannot_show_are_written_all_the_same(shell, photo):
    photo.rename(photo.with_name("写真.jpg"))
    done = shell("PYTHONIOENCODING=latin-1 faceedit analyze 写真.jpg")
    assert done.returncode == 0
    assert done.stdout.startswith(rb"\u5199\u771f.jpg")


def test_stdin_without_end_is_refused(monkeypatch):
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            return len(buffer)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    with pytest.raises(StreamError, match="stdin holds more than 3000000 bytes"):
        read_stdin(3_000_000)


@pytest.mark.skipif(os.name == "nt", reason="no limit to the size of files")
def test_temporary_files_that_cannot_be_written_are_said(shell, photo):
    done = shell("ulimit -f 1; faceedit apply -t sad -q - < a.jpg")
    assert done.returncode == 1
    assert done.stderr == b"error: temporary files cannot be written: File too large\n"
