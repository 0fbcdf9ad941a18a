"""The examples run: the notebook's cells one after the other, and the shell pipeline."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_the_notebook(capsys):
    notebook = json.loads((EXAMPLES / "editing.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    names = {}
    for cell in cells:
        exec("".join(cell["source"]), names)
    still, half, whole = names["sweep"]
    assert still.image.tobytes() == names["portrait"].tobytes()
    assert half.changed and whole.changed
    assert names["surprised"].tobytes() == whole.image.tobytes()
    assert "surprised" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_the_shell_pipeline(tmp_path, portrait):
    photos = tmp_path / "photos"
    (photos / "a folder").mkdir(parents=True)
    Image.fromarray(portrait).save(photos / "a folder" / "a smile.png")
    Image.new("RGB", (64, 48)).save(photos / "blank.jpg")
    (photos / "broken.jpg").write_bytes(b"no photo")

    def run() -> int:
        command = ["bash", str(EXAMPLES / "pipeline.sh"), "photos", "out"]
        # `faceedit` is the one of this Python.
        own = tmp_path / "bin" / "faceedit"
        own.parent.mkdir(exist_ok=True)
        own.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m faceedit "$@"\n')
        own.chmod(0o755)
        places = f"{own.parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": places, "PYTHON": sys.executable}
        return subprocess.run(command, cwd=tmp_path, env=environment, timeout=300).returncode

    assert run() == 1
    edited = tmp_path / "out" / "edited" / "a smile.png"
    assert Image.open(edited).size == Image.fromarray(portrait).size
    report = (tmp_path / "out" / "report.jsonl").read_text().splitlines()
    assert [json.loads(line)["outcome"] for line in report] == ["edited"]
    assert "broken.jpg" in (tmp_path / "out" / "failed.txt").read_text()
    (photos / "broken.jpg").unlink()
    before = edited.stat().st_mtime_ns
    assert run() == 0
    assert edited.stat().st_mtime_ns == before
