"""What ``faceedit apply`` does with its options: the run over files, and the pipe."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from faceedit.batch.crew import Crew, gather_crew, pace_of
from faceedit.batch.manifest import MANIFEST_FILE, Manifest
from faceedit.batch.output_folders import is_single
from faceedit.batch.processes import WorkerProcess
from faceedit.batch.report.write import check_reports
from faceedit.batch.run import RunOptions, run
from faceedit.batch.shard import Shard, parse_shard
from faceedit.batch.worker import Order
from faceedit.cli.apply_jobs import find_jobs, tell_left_out
from faceedit.cli.apply_report import (
    Say,
    Tally,
    count,
    ending_of,
    follow,
    report,
    write_reports,
)
from faceedit.cli.output import on_one_line, tell
from faceedit.cli.streams import read_stdin, stdin_permissions, write_stdout
from faceedit.device import pick_devices
from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.editing.steps import weights_of
from faceedit.errors import UsageError
from faceedit.outputs import REPLACE, SEALED_ONLY, check_writable, permit_for
from faceedit.photos import Provenance, WriteOptions
from faceedit.photos.budget import photo_memory
from faceedit.process import loading, prepare
from faceedit.registry import sha256_of

if TYPE_CHECKING:
    from faceedit.editing.editor import FaceEditor


@dataclass(frozen=True)
class ApplyRequest:
    """What is asked of each photo, and how much of the machine may be used for it.

    Attributes:
        settings: of the editor.
        write: how outputs are written, without provenance, which depends on the networks.
        on_no_face: as `RunOptions` has it.
        provenance: write it.
        c2pa: certificate chain and key to sign with; None signs nothing.
        workers: processes for each device, on Ray all of them; None fits the machine.
        threads: of the CPU for each network call.
        again: edit photos, too, that faceedit edited before.
        overwrite: do anew what was done, and replace what is in the way.
        manifest: write one for a single photo, too.
    """

    settings: EditSettings
    write: WriteOptions
    on_no_face: Literal["copy", "skip", "fail"]
    provenance: bool
    c2pa: tuple[Path, Path] | None
    workers: int | None
    threads: int
    again: bool = False
    overwrite: bool = False
    manifest: bool = False


@dataclass(frozen=True)
class Files:
    """Which photos are edited, where they go, and what is written about them.

    Attributes:
        inputs: files, folders and patterns.
        output: file or folder.
        recursive: take subfolders too.
        shard: part of the plan to do, as `parse_shard` reads it.
        compare: write a sheet for each photo.
        gallery: write a page of all photos.
    """

    inputs: Sequence[str]
    output: str | None = None
    recursive: bool = True
    shard: str | None = None
    compare: bool = False
    gallery: bool = False


def edit_files(request: ApplyRequest, files: Files, say: Say, on_ray: bool = False) -> bool:
    """Edit files and folders; return whether any photo failed.

    Args:
        request: what is asked.
        files: which, and where to.
        say: how much is said.
        on_ray: spread the work over a Ray cluster.

    Raises:
        FaceEditError: nothing can be done at all.
    """
    part = None if files.shard is None else parse_shard(files.shard)
    output, compare, gallery = files.output, files.compare, files.gallery
    found = find_jobs(files.inputs, output, files.recursive, request.write.format, request.again)
    tell_left_out(found, say)
    jobs = found.jobs if part is None else part.of(found.jobs, output)
    if not jobs:
        tell(f"no photos{_of(part)} to edit")
        return bool(found.unlistable)
    permit = REPLACE if request.overwrite else SEALED_ONLY
    check_reports(
        jobs, output, compare=compare, gallery=gallery, ending=ending_of(part), permit=permit
    )
    prepare(request.threads)
    devices = [str(device) for device in pick_devices(request.settings.device)]
    # On Ray the workers have editors of their own: this one only says what they are to be.
    request, editor = _opened(request, devices[0])
    options = _options(request, editor)
    manifest = Manifest(
        output,
        for_manifest(request, options, editor),
        MANIFEST_FILE if part is None else part.manifest_file,
        resume=not request.overwrite,
        keep=request.manifest or not is_single(jobs, output),
        ledger=found.ledger,
    )
    # Ray's workers are on other machines, too: this one's memory says nothing of them.
    crew = gather_crew(devices, len(jobs), None if on_ray else request.workers)
    tally = Tally(len(jobs), failed=len(found.unlistable), skipped=len(found.ours))
    with manifest.opened(jobs) as troubles:
        if not say.quiet:
            there = devices[:1] if on_ray else dict.fromkeys([devices[0], *crew.helpers])
            tell(f"{_headline(request, editor, there)}, {count(len(jobs), 'photo')}{_of(part)}")
            for trouble in troubles:
                tell(on_one_line(trouble))
        if on_ray:
            from faceedit.batch.ray_engine import run_on_ray

            running = run_on_ray(
                jobs, request.settings, options, manifest, request.workers, request.threads
            )
        else:
            helpers = [_helper(request, options, manifest, one, crew) for one in crew.helpers]
            pace = pace_of(crew.io_threads, editor.batching.size, crew.processes)
            running = run(jobs, editor, options, manifest, pace, helpers, tally.ended)
        results = follow(running, tally, say, keep=compare or gallery)
    if results:
        facts = _facts(request, editor)
        write_reports(results, output, compare, facts if gallery else None, part, permit)
    return tally.counts["failed"] > 0


def edit_pipe(request: ApplyRequest, output: str | None, say: Say) -> bool:
    """Edit one photo from stdin to stdout, or to the file ``output``; return whether it failed.

    Raises:
        FaceEditError: nothing can be done at all.
    """
    from faceedit.batch.pipe import edit_bytes

    if output is None and sys.stdout.isatty():
        raise UsageError("stdout is a terminal: send the photo to a file or a program")
    if output is not None and not output:
        raise UsageError("the output is empty: name a file with -o")
    if say.as_json and output is None:
        raise UsageError("--json and the photo cannot both go to stdout: name a file with -o")
    target = None if output is None else Path(output)
    if target is not None:
        check_writable([target], permit_for(request.overwrite))
    # It is there twice, and decoded beside that.
    data = read_stdin(photo_memory() // 4)
    prepare(request.threads)
    request, editor = _opened(request, request.settings.device)
    options = _options(request, editor)
    if not say.quiet:
        tell(f"{_headline(request, editor, [editor.device])}, 1 photo")
    result, edited = edit_bytes(data, editor, options, target, stdin_permissions())
    report(result, say)
    if output is None and edited is not None:
        write_stdout(edited)
    return result.outcome == "failed"


def _opened(request: ApplyRequest, device: str) -> tuple[ApplyRequest, "FaceEditor"]:
    """Load the networks; return the request with its reference face resolved, and the editor."""
    with loading():
        networks = EditNetworks(replace(request.settings, device=device))
        target = networks.resolved(request.settings.target)
        editor = networks.editor(target)
    return replace(request, settings=replace(request.settings, target=target)), editor


def for_manifest(
    request: ApplyRequest, options: RunOptions, editor: "FaceEditor"
) -> dict[str, Any]:
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


def _options(request: ApplyRequest, editor: "FaceEditor") -> RunOptions:
    said = Provenance(
        method=editor.label,
        target=str(request.settings.target),
        weights_sha256=weights_of(editor.steps),
        version=version("faceedit"),
    )
    write = replace(request.write, provenance=said if request.provenance else None)
    if request.c2pa is not None:
        from faceedit.photos.content_credentials import C2paSigner

        write = replace(write, signer=C2paSigner(*request.c2pa, said))
    return RunOptions(
        request.settings.target, request.on_no_face, write, request.again, request.overwrite
    )


def _helper(
    request: ApplyRequest, options: RunOptions, manifest: Manifest, device: str, crew: Crew
) -> WorkerProcess:
    settings = replace(request.settings, device=device)
    facts, resume = manifest.settings, manifest.resume
    shares = request.threads, crew.io_threads, manifest.keep, crew.processes
    order = Order(settings, options, manifest.output, facts, resume, *shares)
    return WorkerProcess(order, lambda trouble: tell(on_one_line(trouble)))


def _headline(request: ApplyRequest, editor: "FaceEditor", devices: Iterable[str]) -> str:
    where = ", ".join(devices)
    return f"{request.settings.target} by {editor.label} on {where} in {editor.precision}"


def _of(part: Shard | None) -> str:
    return "" if part is None else f" of part {part}"


def _facts(request: ApplyRequest, editor: "FaceEditor") -> dict[str, str]:
    """Return what the gallery says of all photos."""
    settings = request.settings
    facts = {
        "target": str(settings.target),
        "method": editor.label,
        "weights": ", ".join((one.weights_sha256 or "")[:12] for one in editor.steps),
    }
    if settings.min_identity is not None:
        facts["least identity"] = f"{settings.min_identity:g}"
    return facts
