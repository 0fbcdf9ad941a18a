"""``faceedit benchmark``: how fast this machine is, measured in one run."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceedit.cli.options import Device, Threads, Weights, prepare
from faceedit.cli.output import print_columns, print_json, tell
from faceedit.errors import UsageError

if TYPE_CHECKING:
    from faceedit.evaluation.network_speed import NetworkSpeed
    from faceedit.evaluation.speed import PhotoSpeed

SIDE = 1350
"""Of the built-in picture in pixels."""
QUALITY = 90


def benchmark(
    photos: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Measure on these instead of the built-in picture at 1350 px."
        ),
    ] = None,
    repeat: Annotated[
        int, typer.Option(min=1, help="How often each photo, or loop, is taken.")
    ] = 5,
    target: Annotated[
        str, typer.Option("--target", "-t", metavar="NAME[:STRENGTH]", help="What is asked for.")
    ] = "happy",
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="auto|reggan", help="The method.")
    ] = "auto",
    profile: Annotated[str | None, typer.Option(help="Which of the method's networks.")] = None,
    weights: Weights = None,
    device: Device = "auto",
    threads: Threads = None,
    training: Annotated[
        bool,
        typer.Option(
            "--training", help="Measure the training engine's steps beside a bare loop instead."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Measure every stage, the networks, and what the machine could do at best.

    Start-up is left out of the rates and told apart. Peak memory is that of the whole process,
    networks and libraries included, during a stage.
    """
    if training:
        _measure_training(device, threads, repeat, as_json)
        return
    start = time.perf_counter()
    import tempfile

    import torch

    from faceedit.batch.build import EditSettings, open_editor
    from faceedit.evaluation.network_speed import (
        measure_gemm,
        measure_method,
        measure_paper,
        measure_recogniser,
    )
    from faceedit.evaluation.speed import measure_photos
    from faceedit.photos import plan
    from faceedit.recognisers.bundle import Recognisers
    from faceedit.registry import open_registry
    from faceedit.targets import parse_target

    prepare(threads)
    wanted = parse_target(target.split("+"))
    settings = EditSettings(
        target=wanted, model=model, profile=profile, weights=weights, device=device
    )
    editor = open_editor(settings)
    startup = time.perf_counter() - start
    with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as folder:
        paths = [_picture(Path(folder))] if photos is None else [j.source for j in plan([photos])]
        if not paths:
            raise UsageError(f"no photos in {photos}")
        speed = measure_photos(editor, paths, wanted, repeat)
    for path in speed.unreadable:
        tell(f"left out, cannot be read: {path}")
    place = torch.device(editor.device)
    gemm = measure_gemm(place)
    networks = [measure_paper(place, gemm)]
    if speed.crop is not None:
        networks.insert(0, measure_method(editor.method, speed.crop, wanted, gemm))
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

    from faceedit.device import pick_device
    from faceedit.evaluation.training_speed import measure_training

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


def _picture(folder: Path) -> Path:
    """Write the demo's picture as a JPEG of `SIDE` pixels."""
    from PIL import Image

    from faceedit.cli.demo import astronaut_file

    path = folder / "astronaut.jpg"
    with Image.open(astronaut_file()) as picture:
        large = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
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
        ("STAGE", "PHOTOS/S", "MS/PHOTO", "PEAK MEMORY"),
        [
            (
                stage["name"],
                f"{stage['photos_per_second']:.2f}",
                f"{1e3 / stage['photos_per_second']:.1f}",
                "-" if stage["peak_memory"] is None else f"{stage['peak_memory'] / 1e6:.0f} MB",
            )
            for stage in report["stages"]
        ],
    )
    print()
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
