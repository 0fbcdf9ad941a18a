"""What a method is asked to edit: the protocol's photos, or those of a user."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faceedit.datasets.labelled import read_labelled
from faceedit.errors import MissingError, UsageError
from faceedit.evaluation.gather import Input
from faceedit.evaluation.match import Failure, find_copies, photos_below
from faceedit.evaluation.protocol import Protocol, ProtocolPhoto, find_photos
from faceedit.targets import ATTRIBUTES, AttributeChange, Part, Target

TABLE = "portraits.csv"
"""Says who has which attributes; it lies beside the protocol's photos or one folder above."""


@dataclass(frozen=True)
class EvaluationPlan:
    """What will be edited and measured.

    Attributes:
        inputs: the photos.
        on: what they are, for the report.
        complete: whether the protocol is followed to the letter.
        notes: what the reader must know beside, one sentence each.
        failures: photos that are left out already.
    """

    inputs: tuple[Input, ...]
    on: str
    complete: bool = False
    notes: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


def plan_protocol(
    protocol: Protocol,
    folder: Path,
    known: Sequence[str],
    targets: Sequence[Target] = (),
    people: int | None = None,
) -> EvaluationPlan:
    """Plan the protocol for a method.

    Attributes are reversed one by one, as SeCGAN's section 4.4 has it: a photo whose attributes are
    labelled is edited to every one that it lacks, and away from every one that it has.

    Args:
        protocol: whom to edit.
        folder: where its photos lie.
        known: what the methods make, as `Descriptor.targets` has it; the rest is left out.
        targets: those to measure; none for all of the protocol's.
        people: measure the first so many; None is everybody.

    Raises:
        MissingError: its photos are not there, or the table of their attributes is not.
    """
    photos = protocol.limited(people)
    paths = find_photos(photos, folder)
    wanted = targets or (*protocol.all_targets(), *_known_attributes(known))
    labels: dict[str, tuple[float, ...]] = {}
    if any(Part.ATTRIBUTES in one.parts for one in wanted):
        labels = _read_attributes(paths[photos[0].file].parent)
    made = [one for one in wanted if not one.missing(known)]
    left_out = [str(one) for one in wanted if one not in made]
    notes = [f"left out, as the method does not know them: {', '.join(left_out)}"] * bool(left_out)
    if people is not None:
        notes.append(f"only the protocol's first {people} people")
    return EvaluationPlan(
        inputs=tuple(
            Input(
                paths[photo.file],
                photo.file,
                photo.person,
                # A slight expression is an input as good as any, but no example of its name.
                photo.expression if photo.strength > 0 or photo.expression == "neutral" else "",
                tuple(
                    one for one in made if _fits(protocol, photo, one, labels.get(photo.file, ()))
                ),
            )
            for photo in photos
        ),
        on=f"the protocol {protocol}",
        complete=not targets and people is None,
        notes=tuple(notes),
    )


def _fits(
    protocol: Protocol, photo: ProtocolPhoto, target: Target, labels: tuple[float, ...]
) -> bool:
    """Whether the protocol edits such a photo to such a target, at whatever strength."""
    planned = {name for one in protocol.targets[photo.expression] for name in one.names}
    there: dict[str, float] = dict(zip(ATTRIBUTES, labels, strict=bool(labels)))
    planned |= {one.name for one in target.attributes if there.get(one.attribute) == 1 - one.on}
    return set(target.names) <= planned


def _known_attributes(known: Sequence[str]) -> tuple[Target, ...]:
    changes = (AttributeChange(name, on) for name in ATTRIBUTES for on in (True, False))
    targets = (Target((one,)) for one in changes)
    return tuple(one for one in targets if not one.missing(known))


def _read_attributes(folder: Path) -> dict[str, tuple[float, ...]]:
    """Return which attributes people have, by the name of their photo."""
    tables = (place / TABLE for place in (folder, folder.parent))
    table = next((one for one in tables if one.is_file()), None)
    if table is None:
        raise MissingError(f"{folder}: no {TABLE} beside the protocol's photos says who has what")
    return {photo.path.name: photo.attributes for photo in read_labelled(table)}


def plan_folder(
    photos: Path, targets: Sequence[Target], limit: int | None = None
) -> EvaluationPlan:
    """Plan a user's photos: each of them to each target.

    Raises:
        UsageError: there are none.
    """
    found = photos_below(photos)
    if not found:
        raise UsageError(f"no photos in {photos}")
    inputs = tuple(
        Input(path, name, name, targets=tuple(targets))
        for name, path in list(found.items())[:limit]
    )
    notes = (f"only the first {limit} photos",) if limit is not None else ()
    return EvaluationPlan(inputs, f"{len(inputs)} photos of {photos}", notes=notes)


def with_rivals(plan: EvaluationPlan, folder: Path) -> EvaluationPlan:
    """Return the plan with copies that were edited elsewhere, for those photos that are edited."""
    edited = [one.name for one in plan.inputs if one.targets]
    copies = find_copies(edited, photos_below(folder))
    alone = tuple(
        Failure(name, f"has no partner in {folder}") for name in edited if name not in copies
    )
    inputs = tuple(replace(one, rival=copies.get(one.name)) for one in plan.inputs)
    return replace(plan, inputs=inputs, failures=plan.failures + alone)
