"""The list of methods. To add one: a folder, a line in `METHODS`, a card.

Light to import: options and help read it before torch is there.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from faceedit.errors import UsageError
from faceedit.methods import reggan
from faceedit.methods.descriptor import Descriptor
from faceedit.names import unknown
from faceedit.targets import Target

if TYPE_CHECKING:
    from faceedit.training.task import Task, TrainingRequest

METHODS: dict[str, Descriptor] = {one.name: one for one in (reggan.DESCRIPTOR,)}
"""By name. ``auto`` takes the first one that serves a target."""


def serving(name: str, target: Target | None = None) -> Descriptor:
    """Return the method that a user named, or for ``auto`` the first that serves a target.

    Args:
        name: a key of `METHODS`, or ``auto``.
        target: what is asked for; None, or what no method serves, takes the first method, whose
            own message then says what it knows.

    Raises:
        UsageError: no such method.
    """
    if name == "auto":
        asked = set() if target is None else {one.name for one in target.expressions}
        able = (one for one in METHODS.values() if asked <= set(one.expressions))
        return next(able, next(iter(METHODS.values())))
    if name not in METHODS:
        raise UsageError(unknown("model", name, ["auto", *METHODS]))
    return METHODS[name]


def find_training(name: str) -> "Callable[[TrainingRequest], Task]":
    """Return what makes a method's task.

    Raises:
        UsageError: no such method, or it is not trained.
    """
    trained = {one.name: one.training for one in METHODS.values() if one.training}
    if name not in trained:
        raise UsageError(unknown("method", name, trained))
    return import_module(trained[name]).build
