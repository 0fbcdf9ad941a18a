"""``apply --watch``: photos are edited as they come in, once they are whole."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import skimage.data
from PIL import Image
from told import counts

from faceedit.batch.watch import Arrivals

ASTRONAUT = Image.fromarray(skimage.data.astronaut()).resize((300, 300))


def test_a_photo_is_taken_when_it_is_whole_and_once_for_each_content(tmp_path):
    now = [0.0]
    arrivals = Arrivals(1.0, lambda: now[0])
    path, empty = tmp_path / "a.jpg", tmp_path / "b.jpg"

    def take(at, data=None):
        now[0] = at
        if data is not None:
            path.write_bytes(data)
            os.utime(path, (at, at))
        return arrivals.take([path, empty, tmp_path / "gone.jpg"])

    empty.touch()
    assert take(0, b"a") == []
    assert take(0.9) == []
    assert take(1.5, b"aa") == []
    assert take(2.4) == []
    assert arrivals.waiting
    assert take(2.5) == [path]
    assert take(9.0) == []
    assert take(10.0, b"bb") == []
    assert take(11.0) == [path]
    empty.unlink()
    assert take(12.0) == []
    assert not arrivals.waiting


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    ASTRONAUT.save(folder / "a.png")
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_photos_are_edited_as_they_come_and_an_interruption_ends_it(photos):
    edited = photos.with_name("photos-edited")
    data = (photos / "a.png").read_bytes()
    command = [sys.executable, "-m", "faceedit", "apply", "-t", "sad", "--watch", str(photos)]

    def wait_for(name):
        deadline = time.monotonic() + 240
        while not (edited / name).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert (edited / name).exists()

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for("a.png")
            # A file of ours in the way of one photo is no reason to leave out the next.
            (edited / "mine.png").write_bytes(b"mine")
            (photos / "mine.png").write_bytes(data)
            (photos / "sub").mkdir()
            with (photos / "sub" / "b.png").open("wb", buffering=0) as file:
                for start in range(0, len(data), len(data) // 3):
                    file.write(data[start : start + len(data) // 3])
                    time.sleep(0.3)
            wait_for("sub/b.png")
            time.sleep(0.2)
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert counts(err) == {"edited": 2, "failed": 1}
    assert f"edited {photos}/a.png -> {edited}/a.png" in err
    assert (edited / "mine.png").read_bytes() == b"mine"
    lines = [json.loads(line) for line in (edited / "faceedit.jsonl").read_text().splitlines()]
    assert [line["place"] for line in lines] == ["a.png", "sub/b.png"]
    assert not list(edited.glob(".*"))


def test_only_folders_are_watched_and_only_on_this_machine(run_main, photos, monkeypatch):
    def refused(*args):
        result = run_main("apply", "-t", "sad", "--watch", *args)
        assert result.code == 2
        return result.err

    assert "takes folders" in refused(photos / "a.png")
    assert "no end" in refused(photos, "--gallery")
    assert "--dry-run" in refused(photos, "--dry-run")
    assert "--engine ray" in refused(photos, "--engine", "ray")
    assert "to watch" in refused("-")
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    result = run_main("apply", "-t", "sad", "--watch", photos)
    assert (result.code, "faceedit[watch]" in result.err) == (3, True)
