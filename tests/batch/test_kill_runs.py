"""A short run of `scripts/kill_runs.py`, which kills the command at random moments."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "kill_runs.py"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_runs_end_like_an_undisturbed_one():
    command = [sys.executable, str(SCRIPT), "--photos", "7", "--kills", "2", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kills" in done.stdout
