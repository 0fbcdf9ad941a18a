"""``faceedit evaluate``: measure edits, made here or elsewhere, by the papers' metrics."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli.evaluate_report import report_files, show_report, write_report
from faceedit.cli.options import Device, Overwrite, Quiet, Threads, Weights, can_exist
from faceedit.cli.output import on_one_line, progress, tell
from faceedit.cli.panels import MOST_USED, OUTPUT, WHAT
from faceedit.cli.target_options import asked_target
from faceedit.errors import UsageError
from faceedit.limits import COUNT
from faceedit.process import prepare

if TYPE_CHECKING:
    from faceedit.editing.editor import FaceEditor
    from faceedit.evaluation.gallery import Networks
    from faceedit.evaluation.inputs import EvaluationPlan
    from faceedit.evaluation.match import Failure
    from faceedit.registry import Registry
    from faceedit.targets import Target

DATA_VARIABLE = "FACEEDIT_DATA"


def evaluate(
    photos: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PHOTOS]",
            callback=can_exist,
            help="Photos to edit and measure. Default: the project's protocol.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|FILE",
            help="A method, or a checkpoint. auto: the method that serves the target.",
            rich_help_panel=WHAT,
        ),
    ] = "auto",
    pictures: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="BEFORE AFTER",
            callback=can_exist,
            help="Measure edits made elsewhere: two folders, matched by relative path.",
            rich_help_panel=MOST_USED,
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "-t",
            metavar="NAME[:STRENGTH][+...]",
            help="What faces are edited to, or were; may be repeated; '+' makes a blend.",
            rich_help_panel=MOST_USED,
            show_default=False,
        ),
    ] = None,
    action_units: Annotated[
        str | None,
        typer.Option(
            "--au",
            metavar="12=3.5,6=2",
            help="Action units that pictures should show.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            "--attr",
            metavar="NAME=on|off",
            help="An attribute that pictures should have or lack.",
            rich_help_panel=WHAT,
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            callback=can_exist,
            help="Other edits of the same photos, compared in pairs.",
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    protocol: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            callback=can_exist,
            help=f"Where the protocol's photos are. Default: ${DATA_VARIABLE}.",
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, max=COUNT, help="Measure only this many people or photos.", rich_help_panel=WHAT
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            callback=can_exist,
            help="Write report.json, report.md and report.png.",
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=can_exist,
            help="Write the report as Markdown.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=can_exist,
            help="Draw the report as PNG.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object.", rich_help_panel=OUTPUT)
    ] = False,
    profile: Annotated[
        str | None, typer.Option(help="Which of the method's networks.", rich_help_panel=WHAT)
    ] = None,
    weights: Weights = None,
    overwrite: Overwrite = False,
    networks: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            callback=can_exist,
            help="Weights of Inception, SwAV, AlexNet and CLIP.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Measure edits by the papers' metrics, with 95% intervals over people.

    Without PHOTOS and --pictures the method is measured on the project's protocol, a fixed list of
    people and targets. Standard networks are used where their weights are on this machine; nothing
    is downloaded, and the report names what is missing.
    """
    from faceedit.targets import parse_target

    if weights is None and Path(model).is_file():
        model, weights = "auto", can_exist(Path(model))
    targets = [parse_target(term) for term in target or []]
    if pictures is not None:
        if photos or protocol or profile or model != "auto":
            raise UsageError("--pictures takes no PHOTOS, --model, --profile or --protocol")
        if len(targets) > 1:
            raise UsageError("--pictures takes one target; write a blend as -t happy:0.6+sad:0.3")
    elif action_units or attribute:
        raise UsageError("--au and --attr need --pictures")
    elif photos and protocol:
        raise UsageError("name PHOTOS or --protocol, not both")
    elif photos and not targets:
        raise UsageError("name what to edit faces to, such as -t happy")
    elif against and len(targets) != 1:
        raise UsageError("--against compares one target; name it with -t")

    import importlib.metadata

    import torch

    from faceedit.device import pick_device
    from faceedit.editing.steps import weights_of
    from faceedit.evaluation.edits import Album, Asked
    from faceedit.evaluation.gather import gather_edited, gather_pictures
    from faceedit.evaluation.inputs import with_rivals
    from faceedit.evaluation.match import pair_up_with_rivals
    from faceedit.evaluation.plot import need_matplotlib
    from faceedit.evaluation.report import Report
    from faceedit.faces.find.build import build_finder
    from faceedit.outputs import check_writable, permit_for
    from faceedit.registry import open_registry

    if plot or output:
        need_matplotlib()
    permit = permit_for(overwrite)
    check_writable(report_files(output, markdown, plot), permit)
    prepare(threads)
    place, registry = pick_device(device), open_registry(weights)
    conditions = {"device": str(place), "threads": torch.get_num_threads()}
    album = Album()
    if pictures is not None:
        is_known = target or action_units or attribute
        asked = Asked(asked_target(target, au=action_units, attr=attribute) if is_known else None)
        pairs, alone = pair_up_with_rivals(*pictures, against)
        pairs = pairs[:limit]
        on = f"{len(pairs)} photos of {pictures[0]}"
        subject, complete, notes = str(pictures[1]), False, ()
        finder = build_finder(registry, place)
        total, work = len(pairs), gather_pictures(finder, pairs, asked, album)
    else:
        editor = _open_editor(targets, model, profile, weights, device)
        plan = _plan(photos, protocol, targets, editor, limit)
        plan = plan if against is None else with_rivals(plan, against)
        subject = editor.label
        conditions["weights"] = weights_of(editor.steps)
        alone, on, complete, notes = plan.failures, plan.on, plan.complete, plan.notes
        total, work = len(plan.inputs), gather_edited(editor, plan.inputs, album)
    failures = [*alone, *_work_through(work, total, quiet)]
    for failure in failures:
        tell(on_one_line(f"failed {failure.name}: {failure.reason}"))
    looking = _open_networks(registry, networks, str(place))
    conditions |= {f"{name} recogniser": version for name, version in looking.versions.items()}
    measurement, contests = _measure(album, looking)
    report = Report(
        subject=subject,
        on=on,
        complete=complete and not failures,
        measurement=measurement,
        against="" if against is None else str(against),
        contests=contests,
        notes=tuple(notes),
        conditions={**conditions, "faceedit": importlib.metadata.version("faceedit")},
        failures=tuple(failures),
    )
    write_report(report, output, markdown, plot, permit)
    show_report(report, as_json, quiet)
    if failures:
        raise typer.Exit(1)


def _open_editor(
    targets: "Sequence[Target]", model: str, profile: str | None, weights: Path | None, device: str
) -> "FaceEditor":
    from faceedit.editing.build import EditSettings, open_editor
    from faceedit.evaluation.protocol import read_protocol
    from faceedit.targets import parse_target, union

    def open_for(target: "Target") -> "FaceEditor":
        return open_editor(
            EditSettings(target, model, profile, weights=weights, device=device, edit_shown=True)
        )

    if targets:
        return open_for(union(targets))
    # What a method knows is only known once it is loaded: one of these will do.
    try:
        return open_for(read_protocol().all_targets()[0])
    except UsageError:
        with contextlib.suppress(UsageError):
            return open_for(parse_target("attr=bangs=on"))
        raise


def _plan(
    photos: Path | None,
    protocol: Path | None,
    targets: "Sequence[Target]",
    editor: "FaceEditor",
    limit: int | None,
) -> "EvaluationPlan":
    from faceedit.evaluation.inputs import plan_folder, plan_protocol
    from faceedit.evaluation.protocol import read_protocol

    if photos is not None:
        return plan_folder(photos, targets, limit)
    named = protocol or os.environ.get(DATA_VARIABLE)
    if not named:
        raise UsageError(
            "name photos to measure on, or where the protocol's are: --protocol FOLDER or "
            f"${DATA_VARIABLE}"
        )
    return plan_protocol(read_protocol(), Path(named), editor.targets, targets, limit)


def _work_through(work: "Iterator[Failure | None]", total: int, quiet: bool) -> "Iterator[Failure]":
    """Gather everything; yield what failed."""
    with progress(total, shown=not quiet) as step:
        for failure in work:
            step()
            if failure is not None:
                yield failure


def _open_networks(registry: "Registry", folder: Path | None, device: str) -> "Networks":
    from faceedit.evaluation.own_networks import open_recognisers
    from faceedit.evaluation.standard_networks import open_standard

    if folder is not None and not folder.is_dir():
        raise UsageError(f"--networks: {folder} is not a folder")
    return open_recognisers(registry, device).joined(open_standard(folder, device))


def _measure(album, networks: "Networks"):
    from faceedit.evaluation.compare import compare
    from faceedit.evaluation.evidence import Evidence
    from faceedit.evaluation.gallery import Gallery
    from faceedit.evaluation.measure import measure

    edits = album.close()
    evidence = Evidence(edits, Gallery(edits.pictures, networks))
    contests = compare(evidence) if edits.rival.any() else ()
    return measure(evidence.take(~edits.rival)), contests
