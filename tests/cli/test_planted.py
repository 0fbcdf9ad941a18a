"""Nothing that lies in the working folder, among other people's photos, is run."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

PLANTED = [
    "struct",
    "multiprocessing",
    "torch",
    "numpy",
    "cv2",
    "PIL",
    "typer",
    "rich",
    "json",
    "sitecustomize",
]


@pytest.fixture
def here(tmp_path) -> Path:
    """A folder of photos with modules in it that leave a mark where they are imported."""
    for name in PLANTED:
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'mark')!r}, 'a').write('{name} ')"
        )
    face = Image.fromarray(skimage.data.astronaut()[:300, 100:400])
    # Enough for the second process to start.
    for at in range(12):
        face.save(tmp_path / f"{at}.jpg")
    return tmp_path


def apply(here, *program):
    command = [*program, "apply", "-t", "sad", ".", "-o", "out", "--workers", "2", "--json"]
    done = subprocess.run(
        command, cwd=here, capture_output=True, text=True, timeout=300, check=False
    )
    assert not (here / "mark").exists(), (here / "mark").read_text()
    assert done.returncode == 0, done.stderr
    assert "worker process less" not in done.stderr
    # Nor does anything but the command write to stdout.
    told = [json.loads(line)["outcome"] for line in done.stdout.splitlines()]
    assert told == ["edited"] * 12


def test_the_command(here):
    script = Path(sysconfig.get_path("scripts"), "faceedit")
    if not script.exists():
        pytest.skip("the command is not installed")
    apply(here, str(script))


def test_python_m(here):
    apply(here, sys.executable, "-m", "faceedit")
