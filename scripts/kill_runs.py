"""Kill ``faceedit apply`` at random moments until it was killed often enough, and check the rest.

    python scripts/kill_runs.py --photos 80 --kills 100

Makes a folder of photos, edits it once undisturbed, and then again into another folder by runs
that are killed (SIGKILL) after a random time, half of them while they work on photos; each begins
where the last was killed. Only the command's own process is killed: its others have to end by
themselves. When a round is complete it is compared with the undisturbed one, and
another round begins, until there were enough kills. Exit code 0 if in every round every output is
whole and equal to the undisturbed one byte for byte, none is missing, none is a temporary file,
and the manifest has one line for each photo, so that none was done again that was known to be
done.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from faceedit.batch.manifest import MANIFEST_FILE


def make_photos(folder: Path, count: int) -> None:
    """Write photos of one person, turned and scaled, one in seven without a face."""
    face = Image.fromarray(skimage.data.astronaut()).crop((60, 0, 440, 380))
    rng = np.random.default_rng(1)
    for at in range(count):
        place = folder / str(at % 3)
        place.mkdir(parents=True, exist_ok=True)
        side = int(rng.integers(240, 380))
        photo = face.resize((side, side)).rotate(float(rng.uniform(-15, 15)))
        if at % 7 == 6:
            photo = Image.new("RGB", (side, side), (at, 90, 120))
        kind = ("jpg", "png", "webp")[at % 3]
        photo.save(place / f"{at}.{kind}")


def apply(
    photos: Path, output: Path, workers: int, kill: tuple[bool, float] | None = None
) -> tuple[int, float, int]:
    """Run the command; return its exit code, negative for the signal, its seconds and its workers.

    Workers beside the command's own process are counted when it is killed.

    Args:
        photos: folder.
        output: folder.
        workers: processes.
        kill: whether to wait for the first line in the manifest, and seconds to wait from then on,
            or from the start; None lets the run end.
    """
    command = [sys.executable, "-m", "faceedit", "apply", "--quiet", "--target", "happy"]
    command += ["--edit-shown"]
    command += ["--workers", str(workers), "--output", str(output), str(photos)]
    start, manifest = time.monotonic(), output / MANIFEST_FILE
    before, helpers = size_of(manifest), []
    with subprocess.Popen(command) as process:
        if kill is not None:
            working, after = kill
            while working and process.poll() is None and size_of(manifest) == before:
                time.sleep(0.005)
            try:
                process.wait(after)
            except subprocess.TimeoutExpired:
                helpers = helpers_of(process.pid)
                process.kill()
    ends = time.monotonic() + 5
    while any(is_helper(one) for one in helpers):
        if time.monotonic() > ends:
            raise RuntimeError("a worker did not end with the command")
        time.sleep(0.02)
    return process.returncode, time.monotonic() - start, len(helpers)


def helpers_of(pid: int) -> list[int]:
    """Return the worker processes that a command has started, where the system tells (Linux)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for task in tasks for one in task.read_text().split() if is_helper(int(one))]


def is_helper(pid: int) -> bool:
    """Say whether a process is a worker that has not ended."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def size_of(path: Path) -> int:
    """Return a file's size, 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def files_of(folder: Path) -> dict[str, bytes]:
    """Return all files but the manifest, by their names."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST_FILE
    }


def check(output: Path, expected: dict[str, bytes]) -> list[str]:
    """Return what is wrong with a completed round."""
    found = files_of(output)
    wrong = [f"missing: {name}" for name in expected.keys() - found.keys()]
    wrong += [f"left over: {name}" for name in found.keys() - expected.keys()]
    wrong += [f"differs: {n}" for n in found.keys() & expected.keys() if found[n] != expected[n]]
    lines = []
    for line in (output / MANIFEST_FILE).read_text().splitlines():
        try:
            lines.append(json.loads(line)["place"])
        except ValueError:
            print(f"a torn line, as a kill may leave it: {line[:60]}")
    wrong += [f"done {n} times: {name}" for name, n in Counter(lines).items() if n > 1]
    wrong += [f"not in the manifest: {name}" for name in expected.keys() - set(lines)]
    return wrong


def main() -> int:
    """Run the harness."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=80)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    kills = rounds = early = shared = 0
    with tempfile.TemporaryDirectory(prefix="faceedit-kills-") as folder:
        photos = Path(folder) / "photos"
        make_photos(photos, given.photos)
        code, seconds, _ = apply(photos, Path(folder) / "undisturbed", given.workers)
        assert code == 0, code
        expected = files_of(Path(folder) / "undisturbed")
        print(f"{len(expected)} photos undisturbed in {seconds:.1f} s")
        while kills < given.kills:
            output = Path(folder) / "killed"
            shutil.rmtree(output, ignore_errors=True)
            code = -9
            while code != 0:
                last = kills >= given.kills
                working = rng.random() < 0.5
                after = rng.uniform(0.0, 8.0) if working else rng.uniform(0.3, seconds)
                kill = None if last else (working, after)
                code, _, helpers = apply(photos, output, given.workers, kill)
                if code not in (0, -9):
                    print(f"exit code {code}")
                    return 1
                kills += code == -9
                shared += code == -9 and helpers > 0
                early += code == -9 and not output.exists()
            rounds += 1
            if wrong := check(output, expected):
                print("\n".join(wrong))
                return 1
            print(f"round {rounds}: {kills} kills so far, all outputs as undisturbed", flush=True)
    print(
        f"{kills} kills in {rounds} rounds, {early} of them before anything was written, "
        f"{shared} of them while there were workers beside the command's own process"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
