"""``faceedit studio``: training pairs from photos, and the rig that makes them."""

from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.options import Overwrite, can_exist
from faceedit.cli.output import print_json, progress, tell
from faceedit.cli.panels import MOST_USED, OUTPUT, PHOTOS, SPEED, WHAT, PanelCommand
from faceedit.cli.studio_menu import read_menu, read_range
from faceedit.limits import SEED, WORKERS

FACES = "faces.npz"
"""Keeps where faces were found, beside what is written."""

app = typer.Typer(
    help="Make training pairs from photos.", no_args_is_help=True, rich_markup_mode=None
)
Rig = Annotated[
    Path,
    typer.Option(
        metavar="FOLDER",
        callback=can_exist,
        help="The rig; see import and learn.",
        rich_help_panel=MOST_USED,
    ),
]
Photos = Annotated[
    Path,
    typer.Option(
        metavar="FOLDER",
        callback=can_exist,
        help="Photos, with a CSV of labels if any.",
        rich_help_panel=MOST_USED,
    ),
]


@app.command("import")
def import_model(
    facekit: Annotated[Path, typer.Argument(metavar="ICT-FACEKIT-FOLDER", callback=can_exist)],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="FOLDER", callback=can_exist, help="The rig to write."),
    ],
    overwrite: Overwrite = False,
) -> None:
    """Build the face model from the public ICT-FaceKit OBJ files."""
    from faceedit.outputs import permit_for
    from faceedit.studio.importer import import_facekit

    import_facekit(facekit, out, permit=permit_for(overwrite))
    tell(f"wrote the face model to {out}; next: faceedit studio learn PHOTOS --rig {out}")


@app.command()
def learn(
    pairs: Annotated[
        Path,
        typer.Argument(
            metavar="PAIRS-FOLDER",
            callback=can_exist,
            help="Photos of people, each neutral and happy, with labels.",
        ),
    ],
    rig: Rig,
) -> None:
    """Learn folds, mouths and the mean neutral face from real pairs of photos."""
    from faceedit.errors import UsageError
    from faceedit.studio.learn import learn_rig
    from faceedit.studio.model import load_face_model
    from faceedit.studio.sources import find_sources, list_photos

    photos = [p for p in list_photos(pairs, tell) if p.split == "train"]
    if not photos:
        raise UsageError(f"no photo in {pairs} belongs to the split train")
    load_face_model(rig)
    sources, lost = find_sources(photos, pairs, rig / FACES, tell)
    for name, reason in lost.items():
        tell(f"{name}: {reason}")
    learned = learn_rig(rig, sources, tell)
    tell(f"learned from {learned.pairs} pairs; {learned.mouths} mouths kept")


@app.command(cls=PanelCommand)
def pairs(
    photos: Photos,
    rig: Rig,
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            callback=can_exist,
            help="For the shards.",
            rich_help_panel=MOST_USED,
        ),
    ],
    expressions: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Names separated by commas, all or none.",
            rich_help_panel=MOST_USED,
        ),
    ] = "all",
    aus: Annotated[
        bool,
        typer.Option("--aus/--no-aus", help="Ask for action units.", rich_help_panel=MOST_USED),
    ] = True,
    lights: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Names separated by commas, all or none.",
            rich_help_panel=MOST_USED,
        ),
    ] = "all",
    turns: Annotated[
        bool, typer.Option("--turns/--no-turns", help="Turn heads.", rich_help_panel=MOST_USED)
    ] = False,
    mix: Annotated[
        str,
        typer.Option(
            metavar="KIND=WEIGHT,...",
            help="How often each kind is asked for: expression, units, light, lit expression, "
            "lit units, turn. Default: 5, 3, 1, 2, 0, 1.",
            rich_help_panel=WHAT,
        ),
    ] = "",
    amplitudes: Annotated[
        str,
        typer.Option(
            metavar="LOW,HIGH",
            help="Of the expressions; 1 is the usual strength.",
            rich_help_panel=WHAT,
        ),
    ] = "0.3,1.6",
    partway: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of expressions that go only part of the way.",
            rich_help_panel=WHAT,
        ),
    ] = 0.0,
    varied: Annotated[
        bool,
        typer.Option(
            "--varied/--plain",
            help="Manners, folds and teeth of many people, or the same for everybody.",
            rich_help_panel=WHAT,
        ),
    ] = True,
    split: Annotated[
        str,
        typer.Option(
            metavar="train|val|all", help="Which photos, by their labels.", rich_help_panel=PHOTOS
        ),
    ] = "train",
    size: Annotated[int, typer.Option(min=64, max=1024, help="Side of the crops.")] = 256,
    per_photo: Annotated[
        int,
        typer.Option(min=1, max=10_000, help="Pairs for each photo.", rich_help_panel=MOST_USED),
    ] = 12,
    seed: Annotated[int, typer.Option(min=0, max=SEED)] = 0,
    workers: Annotated[
        int, typer.Option(min=1, max=WORKERS, help="Processes.", rich_help_panel=SPEED)
    ] = 1,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Write the report to stdout, too.", rich_help_panel=OUTPUT),
    ] = False,
) -> None:
    """Make shards of training pairs; the same for a seed with any number of workers."""
    import json
    from dataclasses import replace

    from faceedit.errors import UsageError
    from faceedit.machine import check_room
    from faceedit.outputs import check_writable, write_atomic
    from faceedit.studio.produce import Commission, produce, refuse_used
    from faceedit.studio.quality import REASONS
    from faceedit.studio.rig import load_rig
    from faceedit.studio.sources import find_sources, list_photos

    if split not in ("train", "val", "all"):
        raise UsageError(f"unknown split {split!r}; known: train, val, all")
    check_room("--workers", workers)
    menu = read_menu(expressions, aus, lights, turns, mix)
    menu = replace(menu, amplitudes=read_range(amplitudes), partway=partway, varied=varied)
    chosen = [p for p in list_photos(photos, tell) if split in ("all", p.split)]
    if not chosen:
        raise UsageError(f"no photo in {photos} belongs to the split {split}")
    # Told before faces are looked for, which takes a while.
    refuse_used(out)
    check_writable([out / "report.json"])
    load_rig(rig)
    sources, lost = find_sources(chosen, photos, out / FACES, tell)
    commission = Commission(rig, menu, size, per_photo, seed)
    report = produce(sources, commission, out, workers, _progress())
    for name, reason in lost.items():
        report.refused.setdefault(reason, []).append(name)
    summary = {
        "photos": len(chosen),
        "pairs": report.pairs,
        "real targets": report.real_targets,
        "real inputs": report.pairs - report.real_targets,
        "kinds": dict(report.kinds),
        "refused": report.refused,
    }
    write_atomic(out / "report.json", json.dumps(summary, indent=1).encode())
    if as_json:
        print_json(summary)
    tell(
        f"{report.pairs} pairs of {len(chosen)} photos: {report.real_targets} lead to the photo, "
        f"{report.pairs - report.real_targets} start from it"
    )
    for reason, names in sorted(report.refused.items()):
        tell(f"refused {len(names)}: {REASONS.get(reason, reason)}")


@app.command()
def shapes(
    photos: Photos,
    rig: Rig,
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="FILE", callback=can_exist, help="For the table, .npz."
        ),
    ],
    size: Annotated[int, typer.Option(min=64, max=1024, help="Side of the crops.")] = 256,
    starts: Annotated[
        int,
        typer.Option(
            min=1, max=10_000, help="Faces per photo; all but the first show a made expression."
        ),
    ] = 2,
    mixes: Annotated[
        int,
        typer.Option(
            min=0,
            max=10_000,
            help="Mixes of action units for each face, instead of every expression.",
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, max=SEED)] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Write a table of where landmarks go in expressions or action units, without pictures."""
    from faceedit.outputs import check_writable, permit_for
    from faceedit.studio.rig import load_rig
    from faceedit.studio.shapes import shape_table
    from faceedit.studio.sources import find_sources, list_photos
    from faceedit.studio.unit_shapes import unit_shapes

    permit, cache = permit_for(overwrite), _cache_beside(out)
    check_writable([out], permit)
    loaded = load_rig(rig)
    sources, lost = find_sources(list_photos(photos, tell), photos, cache, tell)
    if mixes:
        table = unit_shapes(loaded, sources, size, starts, mixes, seed, _progress())
    else:
        table = shape_table(loaded, sources, size, starts, seed, _progress())
    table.save(out, permit)
    tell(f"wrote {out}: {len(table.photo)} faces; no face was found in {len(lost)} photos")


@app.command()
def reliefs(
    photos: Photos,
    rig: Rig,
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="FOLDER", callback=can_exist, help="For the tables."),
    ],
    lights: Annotated[
        int, typer.Option(min=0, max=1000, help="Lights that each photo is put in.")
    ] = 3,
    seed: Annotated[int, typer.Option(min=0, max=SEED)] = 0,
) -> None:
    """Write tables of people's surfaces and of the light on them, in their own light and others."""
    from faceedit.studio.reliefs import make_reliefs
    from faceedit.studio.rig import load_rig
    from faceedit.studio.sources import find_sources, list_photos

    out.mkdir(parents=True, exist_ok=True)
    loaded = load_rig(rig)
    sources, lost = find_sources(list_photos(photos, tell), photos, out / FACES, tell)
    written = make_reliefs(loaded, sources, out, lights, seed, _progress())
    tell(f"wrote {written} tables to {out}; no face was found in {len(lost)} photos")


@app.command()
def sheet(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", callback=can_exist)],
    rig: Rig,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            callback=can_exist,
            help="Default: PHOTO-studio.png here.",
        ),
    ] = None,
    size: Annotated[int, typer.Option(min=64, max=1024, help="Side of each picture.")] = 256,
    seed: Annotated[int, typer.Option(min=0, max=SEED)] = 0,
    eyeglasses: Annotated[
        bool, typer.Option("--eyeglasses", help="The person wears eyeglasses.")
    ] = False,
    hat: Annotated[bool, typer.Option("--hat", help="The person wears a hat.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Draw one person in every expression and light, for people to look at."""
    from faceedit.datasets.labelled import LabelledPhoto
    from faceedit.outputs import check_writable, permit_for
    from faceedit.studio.rig import load_rig
    from faceedit.studio.sheet import count_pictures, draw_person
    from faceedit.studio.sources import find_sources

    target = out or Path(f"{photo.stem}-studio.png")
    labelled = LabelledPhoto(photo, photo.stem, "", -1, "val", eyeglasses, hat=hat)
    check_writable([target], permit_for(overwrite))
    loaded = load_rig(rig)
    found, _ = find_sources([labelled], photo.parent, None, tell)
    with progress(count_pictures(loaded), shown=True) as step:
        draw_person(loaded, found[0], target, size, seed, permit_for(overwrite), step)
    tell(f"wrote {target}")


def _cache_beside(out: Path) -> Path:
    from faceedit.errors import UsageError

    cache = out.with_name(FACES)
    if cache == out:
        raise UsageError(f"{out}: the faces that are found are kept under this name; take another")
    return cache


def _progress():
    """Report every tenth of the work."""
    last = 0

    def report(done: int, of: int) -> None:
        nonlocal last
        if done * 10 // max(of, 1) > last:
            last = done * 10 // of
            tell(f"{done} of {of} photos")

    return report
