"""How fast a photo goes through, stage by stage, and how much memory each stage takes."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch

from faceedit.batch.crew import pace_of
from faceedit.batch.run import Helper, RunOptions, run
from faceedit.benchmark.memory import PeakMemory
from faceedit.compose.compose import compose_steps
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import make_edits, step_masks
from faceedit.errors import PhotoError, UsageError
from faceedit.faces.align import Crop
from faceedit.machine import cores
from faceedit.outputs import REPLACE
from faceedit.photos import Job, read_photo, write_photo
from faceedit.targets import Target

STAGES = ("decode", "faces", "edit", "compose", "write", "whole")


@dataclass(frozen=True)
class StageSpeed:
    """One stage over all photos.

    Attributes:
        name: one of `STAGES`.
        photos_per_second: photos over the time of this stage alone.
        peak_memory: largest resident size of the process during the stage in bytes, networks
            and libraries included; None where the system does not tell.
        cpu_seconds: that cores spend on a photo, all threads of this process together. Others who
            use the machine hardly change it; None of ``whole``, which has other processes.
    """

    name: str
    photos_per_second: float
    peak_memory: int | None
    cpu_seconds: float | None


@dataclass(frozen=True)
class PhotoSpeed:
    """What `measure_photos` found.

    Attributes:
        photos: how many went through, repeats included.
        faces: faces in them.
        megapixels: of the mean photo.
        first_photo: seconds of the first one, which warms up and counts in no stage.
        stages: in the order of `STAGES`, each in one thread. ``whole`` is the command's own run,
            in which they overlap, with hashes and files made safe; its memory is this process's.
        bound: photos a second at best: all cores busy with nothing but the stages, and the slowest
            stage, if it has a device of its own, never waiting.
        unreadable: photos left out.
        crop: one face, for measuring networks; None where no photo has any.
    """

    photos: int
    faces: int
    megapixels: float
    first_photo: float
    stages: tuple[StageSpeed, ...]
    bound: float
    unreadable: tuple[Path, ...]
    crop: Crop | None = field(repr=False)


def measure_photos(
    editor: FaceEditor,
    photos: Sequence[Path],
    target: Target,
    repeats: int = 1,
    io_threads: int = 1,
    helpers: Sequence[Helper] = (),
    whole: int = 1,
) -> PhotoSpeed:
    """Send photos through every stage, one after the other, and then through the whole.

    Args:
        editor: networks, loaded.
        photos: files; their edited copies go to a temporary folder.
        target: what the faces are to show.
        repeats: how often each photo is taken.
        io_threads: of this process in the whole run, see `Crew`.
        helpers: of the whole run; they are started before it and closed.
        whole: photos in the whole run for each process, at least.

    Raises:
        UsageError: none of the photos can be read, or there are none.
        PhotoError: a photo cannot be written.
    """
    watch = _Watch(editor.device)
    crop, faces, pixels, unreadable = None, 0, 0, []
    with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as folder:
        jobs = [Job(path, Path(folder) / f"{i}{path.suffix}") for i, path in enumerate(photos)]
        jobs, unreadable = _readable(jobs)
        if not jobs:
            raise UsageError("no photo here can be read")
        start = time.perf_counter()
        _stages(editor, jobs[0], target, _Watch(editor.device))
        first = time.perf_counter() - start
        for job in jobs * repeats:
            size, crops = _stages(editor, job, target, watch)
            pixels, faces, crop = pixels + size, faces + len(crops), crop or next(iter(crops), None)
        rounds = max(repeats, -(-whole * (1 + len(helpers)) // len(jobs)))
        again = [
            Job(j.source, j.target.with_stem(f"{j.target.stem}-{r}"))
            for r in range(rounds)
            for j in jobs
        ]
        pace = pace_of(io_threads, editor.batching.size)
        for one in helpers:
            one.start()
        with watch.stage("whole"):
            for result in run(again, editor, RunOptions(target), None, pace, helpers):
                if result.outcome == "failed":
                    raise PhotoError(result.job.source, result.reason)
    count = len(jobs) * repeats
    done = dict.fromkeys(STAGES, count) | {"whole": len(again)}
    stages = tuple(
        StageSpeed(
            name,
            done[name] / watch.seconds[name],
            watch.peaks[name].bytes,
            None if name == "whole" else watch.cpu[name] / count,
        )
        for name in STAGES
    )
    bound = _bound(stages, editor.device)
    size = pixels / count / 1e6
    return PhotoSpeed(count, faces, size, first, stages, bound, tuple(unreadable), crop)


def _bound(stages: Sequence[StageSpeed], device: str) -> float:
    """Return how many photos a second a run could do at best."""
    seconds = {one.name: 1 / one.photos_per_second for one in stages if one.name != "whole"}
    if device == "cpu":
        return cores() / sum(seconds.values())
    on_device = seconds["faces"] + seconds["edit"]
    return min(1 / on_device, cores() / (sum(seconds.values()) - on_device))


def _readable(jobs: Sequence[Job]) -> tuple[list[Job], list[Path]]:
    good, bad = [], []
    for job in jobs:
        try:
            read_photo(job.source)
            good.append(job)
        except PhotoError:
            bad.append(job.source)
    return good, bad


def _stages(
    editor: FaceEditor, job: Job, target: Target, watch: "_Watch"
) -> tuple[int, list[Crop]]:
    """Do what `FaceEditor` does, stage by stage; return the number of pixels and the crops."""
    with watch.stage("decode"):
        photo = read_photo(job.source)
    with watch.stage("faces"):
        faces = editor.find(photo.pixels)
    with watch.stage("edit"):
        crops = [editor.cut(photo.pixels, face) for face in faces]
        edits = make_edits(editor.steps, crops, [target] * len(crops), editor.batching)
    result = photo.pixels
    with watch.stage("compose"):
        for crop, own, masks in zip(crops, edits, step_masks(crops, edits), strict=True):
            result = compose_steps(result, list(zip(own, masks, strict=True)), crop.affine)
    with watch.stage("write"):
        write_photo(photo, job.target, result, permit=REPLACE)
    return photo.pixels.shape[0] * photo.pixels.shape[1], crops


class _Watch:
    """Seconds, those of cores, and peak memory of stages that come again and again."""

    def __init__(self, device: str):
        self.device = torch.device(device)
        self.seconds: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self.peaks: dict[str, PeakMemory] = defaultdict(PeakMemory)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        with self.peaks[name].span():
            synchronize(self.device)
            start, cpu = time.perf_counter(), time.process_time()
            yield
            synchronize(self.device)
            self.seconds[name] += time.perf_counter() - start
            self.cpu[name] += time.process_time() - cpu


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all that it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
