"""The list of methods. To add one: a folder, a line in `METHODS`, a card.

Light to import: options and help read it before torch is there.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from faceedit.errors import UsageError
from faceedit.methods import eggan, legan, lssl, reggan, secgan
from faceedit.methods.descriptor import Descriptor, part_of
from faceedit.names import unknown
from faceedit.targets import Part, Target, in_units

if TYPE_CHECKING:
    from faceedit.training.task import Task, TrainingRequest

METHODS: dict[str, Descriptor] = {
    one.name: one
    for one in (
        reggan.DESCRIPTOR, eggan.DESCRIPTOR, legan.DESCRIPTOR, lssl.DESCRIPTOR, secgan.DESCRIPTOR,
        secgan.EXPRESSIVE, secgan.STARGAN, secgan.ATTGAN,
    )
}  # fmt: skip
"""By name. ``auto`` takes for each part of a target the first one that ships and serves it."""
AUTO = "auto"
WORDS = {
    Part.TURN: "the pose", Part.LANDMARKS: "to landmarks", Part.EXPRESSION: "expressions",
    Part.UNITS: "action units", Part.ATTRIBUTES: "attributes", Part.LIGHT: "light",
    Part.LIKE: "to another face's expression",
    Part.RELIGHT: "to another face's light",
    Part.LANDMARKS_LIKE: "to another face's pose and expression",
}  # fmt: skip
"""What people call the parts of a target."""


class PlannedStep(NamedTuple):
    """A method and the part of a target that it makes."""

    method: Descriptor
    target: Target


def find_method(name: str) -> Descriptor:
    """Return the method that a user named; for ``auto`` the first one.

    Raises:
        UsageError: no such method.
    """
    if name == AUTO:
        return next(iter(METHODS.values()))
    if name not in METHODS:
        raise UsageError(unknown("model", name, [AUTO, *METHODS]))
    return METHODS[name]


def shipped_methods() -> tuple[Descriptor, ...]:
    """Return the methods that have weights."""
    return tuple(one for one in METHODS.values() if one.ships)


def shipped_for(target: Target) -> Descriptor | None:
    """Return the first method that makes all of a target as it ships; None where none does."""
    return next((one for one in METHODS.values() if one.serves(target)), None)


def experimental_names(name: str, target: Target) -> tuple[str, ...]:
    """Return what of a target ships, but looks like a photograph too seldom.

    Args:
        name: a key of `METHODS`, or ``auto``.
        target: as a user wrote it.
    """
    methods = METHODS.values() if name == AUTO else (find_method(name),)
    doubtful = {known for one in methods for known in one.experimental}
    return tuple(one.key for one in target.terms if one.changes and {one.name, one.key} & doubtful)


def plan_steps(name: str, target: Target, given: str | None = None) -> tuple[PlannedStep, ...]:
    """Say which method makes which part of a target, in the order in which an edit makes them.

    ``auto`` makes attributes that are action units as these. Neighbouring parts of one method are
    one step. A method that is named may make with its ``paper`` network what those that ship do
    not; which of them there is is seen when it is loaded. Beside parts that it makes as it ships,
    its `Descriptor.partner` does.

    Args:
        name: a key of `METHODS`, which has to make all of it, or ``auto``.
        target: with no reference face: that is resolved first, see `editing.reference`.
        given: method of a checkpoint of the ``paper`` profile that a user named. ``auto`` takes it
            for a target of one part, and for parts that nothing serves which ships; it needs no
            partner.

    Raises:
        UsageError: no such method, or no method makes some part.
    """
    methods = _named(name)
    own = METHODS.get(given or "") if name == AUTO else None
    partner = None if name in (AUTO, given) else _partner(methods[0], target)
    if name == AUTO:
        target = in_units(target, () if own is None else own.served(paper=True))
    planned: list[tuple[Descriptor, list[Part]]] = []
    for part in target.parts:
        asked = target.only(part)
        alone = len(target.parts) == 1 or not any(one.serves(asked) for one in methods)
        if own is not None and alone and own.serves(asked, paper=True):
            method = own
        elif partner is not None and partner.serves(asked) and not methods[0].serves(asked):
            method = partner
        else:
            method = _serving(methods, asked, part, named=name != AUTO)
        if planned and planned[-1][0] is method:
            planned[-1][1].append(part)
        else:
            planned.append((method, [part]))
    return tuple(PlannedStep(method, target.only(*parts)) for method, parts in planned)


def served_parts() -> tuple[Part, ...]:
    """Return the parts of a target that some method serves; references need units, or light."""
    served = {part for method in METHODS.values() for part in method.parts}
    served |= {Part.LIKE} if Part.UNITS in served else set()
    served |= {Part.RELIGHT} if Part.LIGHT in served else set()
    served |= {Part.LANDMARKS_LIKE} if {Part.UNITS, Part.TURN} <= served else set()
    return tuple(part for part in Part if part in served)


def served_names(name: str, part: Part) -> tuple[str, ...]:
    """Return what a method serves of a part of a target, such as ``happy`` or ``light=left``.

    Args:
        name: a key of `METHODS`, or ``auto`` for all of them.
        part: of a target.

    Raises:
        UsageError: no such method.
    """
    return tuple(dict.fromkeys(_known(_named(name), part)))


def find_training(
    name: str, others: Mapping[str, str] | None = None
) -> "Callable[[TrainingRequest], Task]":
    """Return what makes the task of a method, or of something else that is trained.

    Args:
        name: what a user wrote.
        others: modules with a ``build`` by name, beside the methods'.

    Raises:
        UsageError: no such method, or it is not trained.
    """
    trained = {one.name: one.training for one in METHODS.values() if one.training}
    trained |= others or {}
    if name not in trained:
        raise UsageError(unknown("method", name, trained))
    module, _, function = trained[name].partition(":")
    return getattr(import_module(module), function or "build")


def _partner(method: Descriptor, target: Target) -> Descriptor | None:
    """Return who makes what a method does not as it ships; None where that would be all of it."""
    is_made = any(method.serves(target.only(part)) for part in target.parts)
    return METHODS.get(method.partner) if is_made else None


def _named(name: str) -> list[Descriptor]:
    """Return the methods that a name stands for: all, or one and what is part of it."""
    if name == AUTO:
        return list(METHODS.values())
    return [find_method(name), *(one for one in METHODS.values() if one.of == name)]


def _serving(methods: list[Descriptor], target: Target, part: Part, named: bool) -> Descriptor:
    for paper in (False, True) if named else (False,):
        for one in methods:
            if one.serves(target, paper):
                return one
    who = methods[0].name if named else "no method"
    does = "does not edit" if named else "edits"
    every = {part_of(known) for one in methods for known in one.served(named)}
    if part not in every:
        served = sorted(WORDS[one] for one in every)
        raise UsageError(f"{who} {does} {WORDS[part]}; known: {', '.join(served)}")
    known = _known(methods, part, named)
    foreign = target.missing(known) or target.names
    raise UsageError(f"{who} {does} to {', '.join(foreign)}; known: {', '.join(known)}")


def _known(methods: list[Descriptor], part: Part, paper: bool = False) -> list[str]:
    return [name for one in methods for name in one.served(paper) if part_of(name) == part]
