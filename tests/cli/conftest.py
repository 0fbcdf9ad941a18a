import io
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pytest


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run_main(monkeypatch, capsys):
    """Run the command line in this process: ``run_main("models", "list") -> Result``."""
    from faceedit import cli
    from faceedit.process import SIGNALS

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["faceedit", *map(str, args)])
        capsys.readouterr()
        # As Python's own.
        assert isinstance(sys.stderr, io.TextIOWrapper)
        sys.stderr.reconfigure(errors="backslashreplace")
        with pytest.raises(SystemExit) as left:
            cli.main()
        code = left.value.code
        assert isinstance(code, int)
        return Result(code, *capsys.readouterr())

    monkeypatch.setenv("PYTHONSAFEPATH", "")
    before = [signal.getsignal(signum) for signum in SIGNALS]
    yield run
    for signum, handler in zip(SIGNALS, before, strict=True):
        signal.signal(signum, handler)


@pytest.fixture
def user_folder(tmp_path, monkeypatch) -> Path:
    """A user folder of weights with one sound checkpoint, ``tiny``."""
    import torch

    from faceedit.registry import write_checkpoint

    folder = tmp_path / "user"
    path = folder / "tiny.safetensors"
    sha256 = write_checkpoint(
        path,
        {"weight": torch.ones(4)},
        method="reggan",
        profile="fast",
        architecture={"width": 8},
    )
    (folder / "registry.toml").write_text(f"""
[checkpoints.tiny]
method = "reggan"
profile = "fast"
file = "tiny.safetensors"
sha256 = "{sha256}"
size = {path.stat().st_size}
crop_size = 64
targets = ["happy", "neutral"]
head = "compose"
data = "made up"
licence = "CC0"
recipe = {{epochs = 3, rate = 1e-4}}
scores = {{sharpness = 0.97, happy = {{identity = 0.8, named = 0.98}}}}
differs = ["It is tiny."]
card = "tiny.md"
source = {{repo_id = "someone/faceedit", revision = "{"ab" * 20}", filename = "tiny.safetensors"}}
""")
    (folder / "tiny.md").write_text("# Tiny\n\nA card.\n")
    monkeypatch.setenv("FACEEDIT_WEIGHTS", str(folder))
    return folder
