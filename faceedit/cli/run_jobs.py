"""A run as commands make it: networks opened, jobs worked through, each told and recorded."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from faceedit.batch.crew import Crew, gather_crew, pace_of
from faceedit.batch.ledger import Ledger
from faceedit.batch.manifest import MANIFEST_FILE, Manifest
from faceedit.batch.output_folders import is_single
from faceedit.batch.processes import WorkerProcess
from faceedit.batch.result import Result
from faceedit.batch.run import RunOptions, run
from faceedit.batch.shard import Shard
from faceedit.batch.stages import provenance_of
from faceedit.batch.worker import Order
from faceedit.cli.apply_report import Say, Tally, count, follow
from faceedit.cli.output import on_one_line, tell
from faceedit.device import pick_devices
from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.editing.steps import check_targets
from faceedit.photos import Job, WriteOptions
from faceedit.process import loading, prepare
from faceedit.registry import sha256_of
from faceedit.targets import union

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
        only_edited: as `RunOptions` has it.
        dry: only list what would be done.
        plan: what decided the targets, where each job has its own: settings for the manifest. None
            asks the same of all photos.
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
    only_edited: bool = False
    dry: bool = False
    plan: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Work:
    """What a run is to do.

    Attributes:
        jobs: photos and their outputs, at least one.
        output: file or folder, as ``-o`` said.
        ledger: the manifests that were read so far.
        part: the shard that the jobs are.
        failed: photos and folders that cannot be done, which were told before.
        skipped: photos that are left out, which were told before.
        what: is made, for the first line; empty names the target.
        noun: for what the jobs write.
        tally: counts on what it counted before; None begins.
    """

    jobs: Sequence[Job]
    output: str | None
    ledger: Ledger
    part: Shard | None = None
    failed: int = 0
    skipped: int = 0
    what: str = ""
    noun: str = "photo"
    tally: Tally | None = None


@dataclass(frozen=True)
class Done:
    """What a run did.

    Attributes:
        request: with the reference face resolved.
        editor: that edited.
        manifest: of the run.
        results: of each photo.
    """

    request: ApplyRequest
    editor: "FaceEditor"
    manifest: Manifest
    results: Sequence[Result]


def edit_jobs(
    request: ApplyRequest,
    work: Work,
    say: Say,
    on_ray: bool = False,
    finish: Callable[[Done], object] | None = None,
    networks: EditNetworks | None = None,
) -> bool:
    """Work through jobs, and tell of each; return whether any failed.

    Args:
        request: what is asked.
        work: the jobs.
        say: how much is said.
        on_ray: spread the work over a Ray cluster.
        finish: writes what is to be written of all photos together, when all have ended.
        networks: that are loaded; None loads them.

    Raises:
        FaceEditError: nothing can be done at all.
    """
    part = work.part
    prepare(request.threads)
    devices = [str(device) for device in pick_devices(request.settings.device)]
    # On Ray the workers have editors of their own: this one only says what they are to be.
    networks = networks or open_networks(request, devices[0])
    request, jobs, editor = open_run(request, networks, work.jobs)
    check_targets(editor.steps, (job.asked for job in jobs))
    options = options_of(request, editor)
    manifest = manifest_of(request, work, jobs, options, editor)
    # Ray's workers are on other machines, too: this one's memory says nothing of them.
    crew = gather_crew(devices, len(jobs), None if on_ray else request.workers)
    tally = work.tally or Tally(0, failed=work.failed, skipped=work.skipped)
    tally.expect(len(jobs))
    with manifest.opened(jobs) as troubles:
        if not say.rounds:
            there = devices[:1] if on_ray else dict.fromkeys([devices[0], *crew.helpers])
            headline = headline_of(request, editor, there, work.what)
            tell(f"{headline}, {count(len(jobs), work.noun)}{of_part(part)}", not say.quiet)
        for trouble in troubles:
            tell(on_one_line(trouble), not say.quiet)
        if on_ray:
            from faceedit.batch.ray_engine import run_on_ray

            running = run_on_ray(
                jobs, request.settings, options, manifest, request.workers, request.threads
            )
        else:
            helpers = [_helper(request, options, manifest, one, crew) for one in crew.helpers]
            pace = pace_of(crew.io_threads, editor.batching.size, crew.processes)
            running = run(jobs, editor, options, manifest, pace, helpers, tally.ended)
        results = follow(running, tally, say, keep=finish is not None)
        if finish is not None:
            finish(Done(request, editor, manifest, results))
    return tally.counts["failed"] > 0


def open_networks(request: ApplyRequest, device: str) -> EditNetworks:
    """Load the networks that all edits of a request need, on a device."""
    with loading():
        return EditNetworks(replace(request.settings, device=device))


def open_run(
    request: ApplyRequest, networks: EditNetworks, jobs: Sequence[Job] = ()
) -> tuple[ApplyRequest, Sequence[Job], "FaceEditor"]:
    """Return request and jobs with reference faces resolved, and an editor with all methods loaded.

    Where jobs have targets of their own, the request's becomes one that has all of their parts.
    """
    with loading():
        own = dict.fromkeys(job.asked for job in jobs if job.asked is not None)
        resolved = {one: networks.resolved(one) for one in own}
        target = union(resolved.values()) if own else networks.resolved(request.settings.target)
        editor = networks.editor(target)
    jobs = [job if job.asked is None else replace(job, asked=resolved[job.asked]) for job in jobs]
    return replace(request, settings=replace(request.settings, target=target)), jobs, editor


def manifest_of(
    request: ApplyRequest,
    work: Work,
    jobs: Sequence[Job],
    options: RunOptions,
    editor: "FaceEditor",
) -> Manifest:
    """Return the manifest of a run; nothing is written before it is opened."""
    return Manifest(
        work.output,
        for_manifest(request, options, editor),
        MANIFEST_FILE if work.part is None else work.part.manifest_file,
        resume=not request.overwrite,
        keep=request.manifest or not is_single(jobs, work.output),
        ledger=work.ledger,
        facts=editor.facts_of,
    )


def for_manifest(
    request: ApplyRequest, options: RunOptions, editor: "FaceEditor"
) -> dict[str, Any]:
    """Return what every line of the manifest says of the run.

    `manifest.DECISIVE` names what decides what outputs look like; the device and the version are
    told, and a run on another device takes up what this one did.
    """
    settings = request.settings
    natural = settings.min_naturalness
    plan = {"target": str(settings.target)} if request.plan is None else request.plan
    return {
        "settings": {
            **plan,
            **asdict(settings.find),
            **settings.which.facts(),
            "landmarks": settings.landmarks,
            "edit_shown": settings.edit_shown,
            "min_identity": settings.min_identity,
            **({} if natural is None else {"min_naturalness": natural}),
            **({"on_hard": "skip"} if settings.on_hard == "skip" else {}),
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


def options_of(request: ApplyRequest, editor: "FaceEditor") -> RunOptions:
    """Return how a run is to treat photos."""
    said = provenance_of(editor, request.settings.which.whole(request.settings.target))
    write = replace(request.write, provenance=said if request.provenance else None)
    if request.c2pa is not None:
        from faceedit.photos.content_credentials import C2paSigner

        write = replace(write, signer=C2paSigner(*request.c2pa, said))
    return RunOptions(
        request.settings.target if request.plan is None else None,
        request.on_no_face,
        write,
        request.again,
        request.overwrite,
        request.only_edited,
    )


def _helper(
    request: ApplyRequest, options: RunOptions, manifest: Manifest, device: str, crew: Crew
) -> WorkerProcess:
    settings = replace(request.settings, device=device)
    facts, resume = manifest.settings, manifest.resume
    shares = request.threads, crew.io_threads, manifest.keep, crew.processes
    order = Order(settings, options, manifest.output, facts, resume, *shares)
    return WorkerProcess(order, lambda trouble: tell(on_one_line(trouble)))


def headline_of(
    request: ApplyRequest, editor: "FaceEditor", devices: Iterable[str], what: str = ""
) -> str:
    """Return the first line of a run: what is made, by what, and where."""
    target, whose = request.settings.target, ""
    what, where = what or str(target), ", ".join(devices)
    if editor.chooser is not None and editor.chooser.which.by_person:
        if not target.changes:
            people = (str(one) for _, one in editor.chooser.which.people)
            what = ", ".join(dict.fromkeys(people)) or what
        whose = f", of people alike by a cosine of {editor.chooser.threshold:.2f} or more"
    return f"{what}{whose} by {editor.label} on {where} in {editor.precision}"


def of_part(part: Shard | None) -> str:
    """Return words for a shard, to go behind a number of photos."""
    return "" if part is None else f" of part {part}"
