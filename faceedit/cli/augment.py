"""``faceedit augment``: a labelled collection made larger."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli.options import (
    Batch,
    Device,
    Faces,
    MinFace,
    MinIdentity,
    MinNaturalness,
    Model,
    NetworkThreads,
    Precision,
    Profile,
    Quiet,
    Weights,
    Workers,
    can_exist,
    parse_faces,
)
from faceedit.cli.output import on_one_line, print_columns, tell
from faceedit.cli.panels import MOST_USED, OUTPUT, PHOTOS
from faceedit.cli.target_options import part_option
from faceedit.limits import COUNT, SEED
from faceedit.process import loading
from faceedit.targets import Part

if TYPE_CHECKING:
    from faceedit.augmentation.collection import Collection
    from faceedit.augmentation.plan import Plan
    from faceedit.targets import Target


class Balance(StrEnum):
    """What classes are balanced by."""

    EXPRESSION = "expression"


class Originals(StrEnum):
    """What becomes of the photos themselves."""

    COPY = "copy"
    LINK = "link"
    NONE = "none"


def augment(
    collection: Annotated[
        Path,
        typer.Argument(
            metavar="COLLECTION",
            callback=can_exist,
            help="A CSV of file and label (person, split and others are kept), a folder for each "
            "class, person/expression folders, or a set such as KDEF.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            callback=can_exist,
            help="Where to write.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ],
    balance: Annotated[
        Balance | None,
        typer.Option(
            help="Make expressions until all classes of a split are equally large.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="all|NAME,...",
            help="Expressions that are made. Default: those that the collection shows.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    per_class: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=COUNT,
            help="With --balance: until each class has so many. Default: as many as the largest.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    light: Annotated[
        str | None,
        part_option(
            Part.LIGHT, "random|NAME,...", "Put each made picture in a light, drawn from these."
        ),
    ] = None,
    turn: Annotated[
        str | None,
        part_option(
            Part.TURN,
            "random|LOW:HIGH",
            "Turn the head of each made picture by degrees drawn from here; random: -15:15.",
        ),
    ] = None,
    strength: Annotated[
        str,
        typer.Option(
            metavar="LOW:HIGH",
            help="Strengths of expressions and lights are drawn from here.",
            rich_help_panel=MOST_USED,
        ),
    ] = "1",
    per_photo: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=COUNT,
            help="Make at most so many pictures of one photo. Default: as many as are needed; "
            "without --balance, one.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=SEED, help="Of all that is drawn.", rich_help_panel=MOST_USED)
    ] = 0,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only say how many pictures each class would get.",
            rich_help_panel=MOST_USED,
        ),
    ] = False,
    model: Model = "auto",
    profile: Profile = None,
    weights: Weights = None,
    splits: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Make pictures in these splits only, such as train. Default: in all.",
            show_default=False,
            rich_help_panel=PHOTOS,
        ),
    ] = None,
    faces: Faces = "largest",
    min_face: MinFace = 32.0,
    originals: Annotated[
        Originals,
        typer.Option(help="Copy the photos, too, or link to them.", rich_help_panel=OUTPUT),
    ] = Originals.COPY,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Redo what an earlier run has done, replace existing files, and prune.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Remove pictures that earlier runs made there and that are not wanted any more.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: Quiet = False,
    min_identity: MinIdentity = None,
    min_naturalness: MinNaturalness = None,
    device: Device = "auto",
    precision: Precision = "auto",
    workers: Workers = None,
    batch: Batch = None,
    threads: NetworkThreads = 1,
) -> None:
    """Make a labelled collection of photos larger, with the same people and labels.

    The output has the collection's own folders, a table of all pictures, 'labels.csv', and a
    manifest. A made picture stays in the split of its photo. The same command again continues
    where a run ended; a seed draws the same pictures, on any number of workers.
    """
    from faceedit.augmentation.plan import plan_pictures
    from faceedit.augmentation.read import read_originals
    from faceedit.augmentation.recipe import (
        NOTHING,
        Recipe,
        parse_classes,
        parse_lights,
        parse_splits,
        parse_strength,
        parse_yaw,
    )
    from faceedit.augmentation.table import SUMMARY, summary_of
    from faceedit.errors import UsageError

    if classes is not None and balance is None:
        raise UsageError("--classes are those of --balance expression")
    if per_class is not None and balance is None:
        raise UsageError("--per-class goes with --balance expression")
    lights, strengths = parse_lights(light, model), parse_strength(strength)
    yaw = parse_yaw(turn)
    if balance is None and not lights and yaw is None:
        raise UsageError(NOTHING)
    read = read_originals(collection, None if quiet else lambda text: tell(on_one_line(text)))
    recipe = Recipe(
        seed=seed,
        classes=() if balance is None else parse_classes(classes, model, read),
        per_class=per_class,
        lights=lights,
        yaw=yaw,
        strength=strengths,
        per_photo=per_photo,
        splits=parse_splits(splits, read),
    )
    plan = plan_pictures(read, recipe)
    target = _whole_target(plan, model)
    if not quiet:
        _tell_short(plan, read)
    if dry_run:
        print_columns(SUMMARY, summary_of(read, plan))
        return
    with loading():
        from faceedit.cli.apply_report import Say
        from faceedit.cli.augment_run import Augmentation, augment_collection
        from faceedit.cli.run_jobs import ApplyRequest
        from faceedit.editing.build import EditSettings
        from faceedit.faces.find.finder import FindOptions
        from faceedit.photos import WriteOptions

    request = ApplyRequest(
        settings=EditSettings(
            target=target,
            model=model,
            profile=profile,
            find=FindOptions(faces=parse_faces(faces), min_face=min_face),
            weights=weights,
            device=device,
            precision=precision,
            edit_shown=True,
            min_identity=min_identity,
            min_naturalness=min_naturalness,
            batch=batch,
        ),
        write=WriteOptions(),
        on_no_face="skip",
        provenance=True,
        c2pa=None,
        workers=workers,
        threads=threads,
        # What is a photo of the collection is for it to say.
        again=True,
        overwrite=overwrite,
        only_edited=True,
        plan={"command": "augment", **recipe.settings},
    )
    what = Augmentation(read, plan, recipe, output, originals.value, prune or overwrite)
    if augment_collection(request, what, Say(quiet=quiet, as_json=False)):
        raise typer.Exit(1)


def _whole_target(plan: "Plan", model: str) -> "Target":
    """Return a target with all that is to be made, which some method has to make.

    Raises:
        UsageError: none does.
    """
    from faceedit.methods.catalogue import plan_steps
    from faceedit.targets import parse_target, union

    targets = {one.target.names: one.target for one in plan.made}
    for target in targets.values():
        plan_steps(model, target)
    return union(targets.values()) if targets else parse_target("neutral:0")


def _tell_short(plan: "Plan", collection: "Collection") -> None:
    for (expression, split), lacking in plan.short.items():
        where = f"{split}: " if split else ""
        tell(
            on_one_line(
                f"{where}{lacking} pictures of {collection.spelled(expression)[0]} fewer than "
                "there should be: there are too few photos for --per-photo and --strength"
            )
        )
