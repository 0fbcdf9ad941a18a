"""Long runs: speed by workers, memory over thousands of photos, the cost of resuming."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from faceedit.batch.crew import gather_crew, pace_of
from faceedit.batch.manifest import MANIFEST_FILE
from faceedit.batch.run import Helper, RunOptions, run
from faceedit.benchmark.memory import PeakMemory
from faceedit.editing.editor import FaceEditor
from faceedit.errors import PhotoError
from faceedit.photos import Job
from faceedit.targets import Target


@dataclass(frozen=True)
class WorkerSpeed:
    """A run with so many workers.

    Attributes:
        workers: processes.
        photos_per_second: of the whole run.
    """

    workers: int
    photos_per_second: float


@dataclass(frozen=True)
class Flatness:
    """Memory of one run after a few photos and after many.

    Attributes:
        few: photos.
        many: photos.
        peak_few: largest resident size of the process in bytes over the first few photos; None
            where the system does not tell.
        peak_many: over all of them.
        photos_per_second: over all of them.
    """

    few: int
    many: int
    peak_few: int | None
    peak_many: int | None
    photos_per_second: float


@dataclass(frozen=True)
class ResumeCost:
    """The command over a folder that is finished.

    Attributes:
        photos: in the folder.
        bytes: of inputs and outputs, all of which are hashed.
        seconds: from start to exit.
    """

    photos: int
    bytes: int
    seconds: float


def measure_scaling(
    editor: FaceEditor,
    photos: Sequence[Path],
    target: Target,
    count: int,
    make_helper: Callable[[int], Helper],
) -> list[WorkerSpeed]:
    """Time runs with 1, 2, 4, ... processes, up to a long run's own number, without their starts.

    Args:
        editor: networks, loaded.
        photos: files, taken again and again.
        target: what the faces are to show.
        count: photos in each run, for each process.
        make_helper: makes one more worker with so many io_threads, see `Crew`.

    Raises:
        PhotoError: a photo failed.
    """
    most = 1 + len(gather_crew([editor.device], 1_000_000).helpers)
    workers = [n for n in (2**k for k in range(16)) if n < most] + [most]
    speeds = []
    for some in dict.fromkeys(workers):
        with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as folder:
            jobs = _jobs(photos, count * some, Path(folder))
            crew = gather_crew([editor.device], len(jobs), some)
            helpers = [make_helper(crew.io_threads) for _ in crew.helpers]
            for one in helpers:
                one.start()
            pace = pace_of(crew.io_threads, editor.batching.size)
            start = time.perf_counter()
            for result in run(jobs, editor, RunOptions(target), None, pace, helpers):
                if result.outcome == "failed":
                    raise PhotoError(result.job.source, result.reason)
            speeds.append(WorkerSpeed(some, len(jobs) / (time.perf_counter() - start)))
    return speeds


def measure_flatness(
    editor: FaceEditor, photos: Sequence[Path], target: Target, few: int, many: int
) -> Flatness:
    """Watch memory over one long run of one process; outputs are removed as they come.

    Args:
        editor: networks, loaded.
        photos: files, taken again and again.
        target: what the faces are to show.
        few: photos after which memory should have reached its peak.
        many: photos in the run.

    Raises:
        PhotoError: a photo failed.
    """
    first, all_of_it = PeakMemory(), PeakMemory()
    with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as folder:
        jobs = _jobs(photos, many, Path(folder))
        start = time.perf_counter()
        with closing(run(jobs, editor, RunOptions(target))) as running:
            with first.span():
                _consume(islice(running, few))
            with all_of_it.span():
                _consume(running)
        seconds = time.perf_counter() - start
    both = (first.bytes, all_of_it.bytes)
    peak = None if None in both else max(size for size in both if size is not None)
    return Flatness(few, many, first.bytes, peak, many / seconds)


def measure_resume(photo: Path, count: int, arguments: Sequence[str]) -> ResumeCost:
    """Time the command over a folder that an earlier run has finished.

    One photo is edited by the command. The others are copies of it, as are their outputs and lines
    of the manifest, so that each has to be read and hashed.

    Args:
        photo: a file.
        count: photos in the folder.
        arguments: of ``faceedit apply``, without the folder.

    Raises:
        PhotoError: the command failed.
    """
    with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as root:
        folder, edited = Path(root) / "photos", Path(root) / "photos-edited"
        folder.mkdir()
        command = [sys.executable, "-m", "faceedit", "apply", "-q", *arguments, str(folder)]
        shutil.copy2(photo, folder / f"0{photo.suffix}")
        _call(command, photo)
        line = json.loads((edited / MANIFEST_FILE).read_text())
        done = edited / line["place"]
        with (edited / MANIFEST_FILE).open("a") as manifest:
            for at in range(1, count):
                name = f"{at}{photo.suffix}"
                shutil.copy2(photo, folder / name)
                shutil.copy2(done, edited / name)
                names = {"place": name, "output": name, "input": str(folder / name)}
                manifest.write(json.dumps(line | names) + "\n")
        size = count * (photo.stat().st_size + done.stat().st_size)
        start = time.perf_counter()
        _call(command, photo)
        seconds = time.perf_counter() - start
        lines = sum(1 for _ in (edited / MANIFEST_FILE).open())
    if lines != count:
        raise PhotoError(photo, f"{lines - count} photos were done again")
    return ResumeCost(count, size, seconds)


def _call(command: Sequence[str], photo: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PhotoError(photo, f"the command failed: {done.stderr.strip()}")


def _jobs(photos: Sequence[Path], count: int, folder: Path) -> list[Job]:
    some = islice(cycle(photos), count)
    return [Job(path, folder / f"{at}{path.suffix}") for at, path in enumerate(some)]


def _consume(results: Iterator) -> None:
    for result in results:
        if result.outcome == "failed":
            raise PhotoError(result.job.source, result.reason)
        result.job.target.unlink(missing_ok=True)
