"""``faceedit benchmark``: how fast this machine is, measured in one run."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceedit.cli.options import Device, Model, Threads, Weights, can_exist
from faceedit.cli.output import print_columns, print_json, tell
from faceedit.errors import UsageError
from faceedit.process import loading, prepare

if TYPE_CHECKING:
    from faceedit.batch.processes import WorkerProcess
    from faceedit.benchmark.network_speed import NetworkSpeed
    from faceedit.benchmark.speed import PhotoSpeed
    from faceedit.editing.build import EditSettings
    from faceedit.editing.editor import FaceEditor

SIDE = 1350
"""Of the built-in picture in pixels."""
QUALITY = 90
SIDES = (400, 450, 512, 560, 600)
WHOLE_PHOTOS = 60
"""Of the whole run, for each process."""
LONG_RUN = 10_000
"""Photos, for which a run has all its processes."""
SCALING_PHOTOS, MEMORY_PHOTOS, RESUME_PHOTOS = 40, (200, 5000), 10_000
"""Of long runs."""
FRAMES, CLIP_SIDE = 24, 768
"""Of a clip."""


def benchmark(
    photos: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            callback=can_exist,
            help="Measure on these instead of the built-in picture at 1350 px.",
        ),
    ] = None,
    repeat: Annotated[
        int, typer.Option(min=1, max=10_000, help="How often to measure each photo, or loop.")
    ] = 5,
    target: Annotated[
        str,
        typer.Option(
            "--target", "-t", metavar="NAME[:STRENGTH][+...]", help="What to edit faces to."
        ),
    ] = "happy",
    model: Model = "auto",
    profile: Annotated[str | None, typer.Option(help="Which of the method's networks.")] = None,
    weights: Weights = None,
    device: Device = "auto",
    threads: Threads = None,
    training: Annotated[
        bool,
        typer.Option(
            "--training", help="Instead, measure the training engine's steps against a bare loop."
        ),
    ] = False,
    runs: Annotated[
        bool,
        typer.Option(
            "--runs",
            help="Instead, measure long runs: speed by workers, memory over 5,000 photos, and the "
            "time to resume a finished folder of 10,000. Takes a quarter of an hour and 6 GB.",
        ),
    ] = False,
    clip: Annotated[
        bool,
        typer.Option(
            "--clip",
            help=f"Instead, measure 'faceedit animate': {FRAMES} frames of the built-in picture at "
            f"{CLIP_SIDE} px, or of the first of the photos.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Measure the speed of every stage and network, and the machine's upper bound.

    Stages are measured in one thread each, as the command runs them; networks with all threads, or
    as many as are given. Start-up is left out of the rates and told apart. Peak memory is that of
    the whole process, networks and libraries included, during a stage.
    """
    if training:
        _measure_training(device, threads, repeat, as_json)
        return
    start = time.perf_counter()
    with loading():
        import tempfile

        import torch

        from faceedit.batch.crew import gather_crew
        from faceedit.benchmark.network_speed import (
            measure_gemm,
            measure_method,
            measure_paper,
            measure_recogniser,
        )
        from faceedit.benchmark.speed import measure_photos
        from faceedit.editing.build import EditSettings, open_editor
        from faceedit.machine import cores
        from faceedit.photos import plan
        from faceedit.recognisers.bundle import Recognisers
        from faceedit.registry import open_registry
        from faceedit.targets import parse_target

    prepare(1)
    wanted = parse_target(target)
    settings = EditSettings(wanted, model, profile, weights=weights, device=device, edit_shown=True)
    with loading():
        editor = open_editor(settings)
    startup = time.perf_counter() - start
    if runs:
        given = ["-t", target, "-m", model, "--device", device, "--edit-shown"]
        given += [] if profile is None else ["--profile", profile]
        given += [] if weights is None else ["--weights", str(weights)]
        _measure_runs(editor, settings, photos, given, as_json)
        return
    if clip:
        from faceedit.cli.benchmark_clip import benchmark_clip

        with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as folder:
            first = None if photos is None else next((j.source for j in plan([photos])), None)
            photo = first or _picture(Path(folder), CLIP_SIDE)
            benchmark_clip(editor, photo, wanted, FRAMES, threads or cores(), repeat, as_json)
        return
    with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as folder:
        paths = [_picture(Path(folder))] if photos is None else [j.source for j in plan([photos])]
        if not paths:
            raise UsageError(f"no photos in {photos}")
        tell(f"measuring {_count(len(paths), 'photo')}, stage by stage and as a whole run")
        crew = gather_crew([editor.device], LONG_RUN)
        helpers = [_helper(settings, crew.io_threads) for _ in crew.helpers]
        speed = measure_photos(
            editor, paths, wanted, repeat, crew.io_threads, helpers, WHOLE_PHOTOS
        )
    for path in speed.unreadable:
        tell(f"left out, cannot be read: {path}")
    prepare(threads or cores())
    place = torch.device(editor.device)
    tell("measuring the networks")
    gemm = measure_gemm(place)
    networks = [measure_paper(place, gemm)]
    if speed.crop is not None:
        for at, step in enumerate(editor.steps):
            own = wanted.only(*step.parts)
            networks.insert(at, measure_method(step.method, speed.crop, own, gemm))
    looking = Recognisers.load(open_registry(), place)
    networks += [measure_recogniser(one, gemm) for one in looking.networks.values()]
    report = _report(speed, networks, gemm, startup)
    report |= {"device": editor.device, "threads": torch.get_num_threads()}
    if as_json:
        print_json(report)
    else:
        _print(report)


def _measure_training(device: str, threads: int | None, repeat: int, as_json: bool) -> None:
    from dataclasses import asdict

    import torch

    from faceedit.benchmark.training_speed import measure_training
    from faceedit.device import pick_device

    prepare(threads)
    speed = measure_training(pick_device(device), repeat)
    if as_json:
        more = {"fraction": speed.fraction, "threads": torch.get_num_threads()}
        print_json(asdict(speed) | more)
        return
    print_columns(
        ("ADVERSARIAL STEPS", "IMAGES/S", "OF BARE LOOP"),
        [
            ("training engine", f"{speed.engine:.1f}", f"{speed.fraction:.3f}"),
            ("bare loop", f"{speed.bare:.1f}", "1.000"),
        ],
    )


def _helper(settings: "EditSettings", io_threads: int) -> "WorkerProcess":
    from faceedit.batch.processes import WorkerProcess
    from faceedit.batch.run import RunOptions
    from faceedit.batch.worker import Order

    options = RunOptions(settings.target)
    order = Order(settings, options, None, {}, resume=False, threads=1, io_threads=io_threads)
    return WorkerProcess(order, tell)


def _measure_runs(
    editor: "FaceEditor",
    settings: "EditSettings",
    photos: Path | None,
    given: list[str],
    as_json: bool,
) -> None:
    import tempfile
    from dataclasses import asdict

    from faceedit.benchmark.batch_speed import (
        measure_flatness,
        measure_resume,
        measure_scaling,
    )
    from faceedit.photos import plan

    target = settings.target
    with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as folder:
        if photos is None:
            large = [_picture(Path(folder))]
            small = [_picture(Path(folder), side) for side in SIDES]
        else:
            large = small = [job.source for job in plan([photos])]
        tell(f"measuring runs of {SCALING_PHOTOS} photos with more and more workers")
        scaling = measure_scaling(
            editor, large, target, SCALING_PHOTOS, lambda io_threads: _helper(settings, io_threads)
        )
        tell("measuring memory over many photos")
        flatness = measure_flatness(editor, small, target, *MEMORY_PHOTOS)
        tell("measuring how long it takes to find that all is done")
        resume = measure_resume(large[0], RESUME_PHOTOS, given)
    if as_json:
        print_json(
            {
                "scaling": [asdict(one) for one in scaling],
                "memory": asdict(flatness),
                "resume": asdict(resume),
            }
        )
        return
    rows = [(str(one.workers), f"{one.photos_per_second:.2f}") for one in scaling]
    print_columns(("WORKERS", "PHOTOS/S"), rows)
    print()
    rows = [
        (f"{count:,}", "-" if peak is None else f"{peak / 1e6:.0f} MB")
        for count, peak in (
            (flatness.few, flatness.peak_few),
            (flatness.many, flatness.peak_many),
        )
    ]
    print_columns(("PHOTOS IN ONE RUN", "PEAK MEMORY"), rows)
    print(
        f"\nresuming a finished folder of {resume.photos:,} photos "
        f"({resume.bytes / 1e9:.1f} GB to hash): {resume.seconds:.1f} s"
    )


def _picture(folder: Path, side: int | None = None) -> Path:
    """Write the demo's picture as a JPEG of ``side`` pixels, or of `SIDE`."""
    from PIL import Image

    from faceedit.cli.demo import astronaut_file

    side = side or SIDE
    path = folder / f"astronaut-{side}.jpg"
    with Image.open(astronaut_file()) as picture:
        large = picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    large.save(path, quality=QUALITY)
    return path


def _report(
    speed: "PhotoSpeed", networks: "list[NetworkSpeed]", gemm: float, startup: float
) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "startup_seconds": startup,
        "first_photo_seconds": speed.first_photo,
        "photos": speed.photos,
        "faces": speed.faces,
        "megapixels": speed.megapixels,
        "unreadable": [str(path) for path in speed.unreadable],
        "stages": [asdict(stage) for stage in speed.stages],
        "bound_photos_per_second": speed.bound,
        "networks": [asdict(network) for network in networks],
        "gemm_gflop_per_second": gemm,
    }


def _print(report: dict[str, Any]) -> None:
    print(
        f"{_count(report['photos'], 'photo')} of {report['megapixels']:.1f} megapixels, "
        f"{_count(report['faces'], 'face')}, on {report['device']}, "
        f"{_count(report['threads'], 'thread')}"
    )
    print(
        f"start-up {report['startup_seconds']:.2f} s, first photo "
        f"{report['first_photo_seconds']:.2f} s; neither is in the rates below\n"
    )
    print_columns(
        ("STAGE", "PHOTOS/S", "MS/PHOTO", "MS OF CORES", "PEAK MEMORY"),
        [
            (
                stage["name"],
                f"{stage['photos_per_second']:.2f}",
                f"{1e3 / stage['photos_per_second']:.1f}",
                "-" if stage["cpu_seconds"] is None else f"{1e3 * stage['cpu_seconds']:.1f}",
                "-" if stage["peak_memory"] is None else f"{stage['peak_memory'] / 1e6:.0f} MB",
            )
            for stage in report["stages"]
        ],
    )
    whole, bound = report["stages"][-1]["photos_per_second"], report["bound_photos_per_second"]
    print(f"at best {bound:.2f} photos/s; the whole run reaches {whole / bound:.0%} of that\n")
    rows = [
        (
            network["name"],
            f"{network['seconds'] * 1e3:.1f}",
            f"{network['gflop']:.1f}",
            f"{network['gflop'] / network['seconds']:.0f}",
            f"{network['fraction']:.2f}",
        )
        for network in report["networks"]
    ]
    gemm = report["gemm_gflop_per_second"]
    rows.append(("matrix product, float32", "", "", f"{gemm:.0f}", "1.00"))
    print_columns(("NETWORK, ONE CROP", "MS", "GFLOP", "GFLOP/S", "OF PRODUCT"), rows)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
