"""What ``faceedit apply`` does with its options: the run over files, and the pipe."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from faceedit.batch.build import EditSettings, open_editor
from faceedit.batch.crew import gather_crew, pace_of
from faceedit.batch.files import folders_in_use
from faceedit.batch.manifest import MANIFEST_FILE, Manifest, jobs_by_folder
from faceedit.batch.processes import WorkerProcess
from faceedit.batch.result import OUTCOMES, Result
from faceedit.batch.run import RunOptions, run
from faceedit.batch.shard import Shard, parse_shard
from faceedit.batch.worker import Order
from faceedit.cli.apply_told import Say, count, report, summary, write_reports
from faceedit.cli.output import on_one_line, tell
from faceedit.cli.run_progress import run_progress
from faceedit.device import pick_devices
from faceedit.errors import UsageError
from faceedit.photos import Provenance, WriteOptions, plan
from faceedit.process import loading, prepare
from faceedit.registry import sha256_of

if TYPE_CHECKING:
    from faceedit.batch.editor import FaceEditor


@dataclass(frozen=True)
class Request:
    """What is asked of each photo, and how much of the machine may be used for it.

    Attributes:
        settings: of the editor.
        write: how outputs are written, without provenance, which depends on the networks.
        on_no_face: as `RunOptions` has it.
        provenance: write it.
        c2pa: certificate chain and key to sign with; None signs nothing.
        workers: processes for each device, on Ray all of them; None fits the machine.
        threads: of the CPU for each network call.
    """

    settings: EditSettings
    write: WriteOptions
    on_no_face: Literal["copy", "skip", "fail"]
    provenance: bool
    c2pa: tuple[Path, Path] | None
    workers: int | None
    threads: int


def edit_files(
    request: Request,
    inputs: Sequence[str],
    output: str | None,
    say: Say,
    *,
    recursive: bool = True,
    shard: str | None = None,
    overwrite: bool = False,
    compare: bool = False,
    gallery: bool = False,
    on_ray: bool = False,
) -> bool:
    """Edit files and folders; return whether any photo failed.

    Args:
        request: what is asked.
        inputs: files, folders and patterns.
        output: file or folder.
        say: how much is said.
        recursive: take subfolders too.
        shard: part of the plan to do, as `parse_shard` reads it.
        overwrite: do anew what the manifest says is done.
        compare: write a sheet for each photo.
        gallery: write a page of all photos.
        on_ray: spread the work over a Ray cluster.

    Raises:
        FaceEditError: nothing can be done at all.
    """
    part = None if shard is None else parse_shard(shard)
    unlistable: list[tuple[Path, str]] = []
    jobs = plan(
        inputs, output, recursive, request.write.format, lambda *one: unlistable.append(one)
    )
    for folder, reason in unlistable:
        tell(on_one_line(f"failed {folder}: {reason}"))
    if not jobs:
        raise UsageError(f"no photos in {', '.join(inputs)}")
    if part is not None:
        jobs = part.of(jobs, output)
        if not jobs:
            tell(f"no photos in part {part}")
            return bool(unlistable)
    prepare(request.threads)
    devices = [str(device) for device in pick_devices(request.settings.device)]
    # On Ray the workers have editors of their own: this one only says what they are to be.
    with loading():
        editor = open_editor(replace(request.settings, device=devices[0]))
    options = _options(request, editor)
    name = MANIFEST_FILE if part is None else part.manifest_file
    settings = for_manifest(request, options, editor)
    manifest = Manifest(output, settings, name, believe=not overwrite)
    crew = gather_crew(devices, len(jobs), request.workers)
    if not say.quiet:
        there = devices[:1] if on_ray else dict.fromkeys([devices[0], *crew.helpers])
        tell(f"{_headline(request, editor, there)}, {count(len(jobs), 'photo')}{_of(part)}")
    manifest.open(jobs)
    folders = {
        folder: {job.target.parent for job in own}
        for folder, own in jobs_by_folder(jobs, output).items()
    }
    counts: Counter[str] = Counter(failed=len(unlistable))
    results: list[Result] = []
    start = time.perf_counter()
    if on_ray:
        from faceedit.batch.ray_engine import run_on_ray

        running = run_on_ray(
            jobs, request.settings, options, manifest, request.workers, request.threads
        )
    else:
        helpers = [_helper(request, options, manifest, one, crew.hands) for one in crew.helpers]
        pace = pace_of(crew.hands, editor.batching.size)
        running = run(jobs, editor, options, manifest, pace, helpers)
    shown = not say.quiet and not (say.as_json and sys.stdout.isatty())
    try:
        with (
            folders_in_use(folders),
            closing(running),
            run_progress(len(jobs), shown) as told,
        ):
            for result in running:
                counts[result.outcome] += 1
                counts["resumed"] += result.resumed
                report(result, say)
                told(result)
                if compare or gallery:
                    results.append(result)
    except BaseException:
        left = len(jobs) + len(unlistable) - sum(counts[outcome] for outcome in OUTCOMES)
        if not say.quiet and left:
            tell(f"stopped, {count(left, 'photo')} left: the same command again goes on")
        raise
    finally:
        if not say.quiet:
            tell(summary(counts, time.perf_counter() - start))
    if results:
        facts = _facts(request, editor)
        write_reports(results, output, compare, facts if gallery else None, part)
    return counts["failed"] > 0


def edit_pipe(request: Request, output: str | None, say: Say) -> bool:
    """Edit one photo from stdin to stdout, or to the file ``output``; return whether it failed.

    Raises:
        FaceEditError: nothing can be done at all.
    """
    from faceedit.batch.pipe import edit_bytes

    if output is None and sys.stdout.isatty():
        raise UsageError("stdout is a terminal: send the photo to a file or a program")
    if say.as_json and output is None:
        raise UsageError("--json and the photo cannot both go to stdout: name a file with -o")
    data = sys.stdin.buffer.read()
    prepare(request.threads)
    with loading():
        editor = open_editor(request.settings)
    options = _options(request, editor)
    if not say.quiet:
        tell(f"{_headline(request, editor, [editor.device])}, 1 photo")
    result, edited = edit_bytes(data, editor, options, None if output is None else Path(output))
    report(result, say)
    if output is None and edited is not None:
        sys.stdout.buffer.write(edited)
        sys.stdout.buffer.flush()
    return result.outcome == "failed"


def for_manifest(request: Request, options: RunOptions, editor: "FaceEditor") -> dict[str, Any]:
    """Return what every line of the manifest says of the run.

    `manifest.DECISIVE` names what decides what outputs look like; the device and the version are
    told, and a run on another device takes up what this one did.
    """
    settings = request.settings
    return {
        "settings": {
            "target": str(settings.target),
            **asdict(settings.find),
            "landmarks": settings.landmarks,
            "edit_shown": settings.edit_shown,
            "min_identity": settings.min_identity,
            "precision": editor.precision,
            "on_no_face": options.on_no_face,
            "quality": options.write.quality,
            "format": options.write.format,
            "strip": options.write.strip,
            "provenance": request.provenance,
            "c2pa": None if request.c2pa is None else sha256_of(request.c2pa[0]),
        },
        **editor.facts,
        "device": editor.device,
    }


def _options(request: Request, editor: "FaceEditor") -> RunOptions:
    method = editor.method
    said = Provenance(
        method=f"{method.name} {method.profile}",
        target=str(request.settings.target),
        weights_sha256=editor.weights_sha256,
        version=version("faceedit"),
    )
    write = replace(request.write, provenance=said if request.provenance else None)
    if request.c2pa is not None:
        from faceedit.photos.content_credentials import C2paSigner

        write = replace(write, signer=C2paSigner(*request.c2pa, said))
    return RunOptions(request.settings.target, request.on_no_face, write)


def _helper(
    request: Request, options: RunOptions, manifest: Manifest, device: str, hands: int
) -> WorkerProcess:
    settings = replace(request.settings, device=device)
    facts, believe = manifest.settings, manifest.believe
    order = Order(settings, options, manifest.output, facts, believe, request.threads, hands)
    return WorkerProcess(order, lambda trouble: tell(on_one_line(trouble)))


def _headline(request: Request, editor: "FaceEditor", devices: Iterable[str]) -> str:
    method, target = editor.method, request.settings.target
    where = ", ".join(devices)
    return f"{target} by {method.name} {method.profile} on {where} in {editor.precision}"


def _of(part: Shard | None) -> str:
    return "" if part is None else f" of part {part}"


def _facts(request: Request, editor: "FaceEditor") -> dict[str, str]:
    """Return what the gallery says of all photos."""
    settings = request.settings
    facts = {
        "target": str(settings.target),
        "method": f"{editor.method.name} {editor.method.profile}",
        "weights": (editor.weights_sha256 or "")[:12],
    }
    if settings.min_identity is not None:
        facts["least identity"] = f"{settings.min_identity:g}"
    return facts
