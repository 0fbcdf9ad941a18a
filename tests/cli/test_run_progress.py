import io
from pathlib import Path

import pytest

from faceedit.batch.result import FaceResult, Result
from faceedit.cli.output import Lines
from faceedit.cli.run_progress import run_progress
from faceedit.photos import Job

FACE = FaceResult((0, 0, 10, 10), 1.0, 1.0, {})


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def results():
    job = Job(Path("a.jpg"), Path("b.jpg"))
    return [
        Result(job, "edited", faces=(FACE, FACE)),
        Result(job, "failed", "why"),
        Result(job, "copied"),
        Result(job, "edited", faces=(FACE,)),
    ]


def show(results, monkeypatch, stream, shown=True):
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    with run_progress(len(results), shown) as told:
        for result in results:
            told(result)
    return stream.getvalue()


def test_a_terminal_sees_photos_faces_rate_and_failures(results, monkeypatch):
    text = show(results, monkeypatch, Terminal())
    for part in ("4/4", "3 faces", "1 failed", "/s", "left"):
        assert part in text


def test_off_a_terminal_there_is_a_line_now_and_then(capsys):
    now = [0.0]
    lines = Lines(100, lambda: now[0])
    for _ in range(65):
        now[0] += 1
        lines.step(" photos")
    assert capsys.readouterr().err.splitlines() == [
        "30 of 100 photos, 1.0/s, 70 s left",
        "60 of 100 photos, 1.0/s, 40 s left",
    ]


def test_nobody_else_sees_anything(results, monkeypatch):
    assert show(results, monkeypatch, io.StringIO()) == ""
    assert show(results, monkeypatch, Terminal(), shown=False) == ""
