"""Which methods can be trained, and where each keeps its training."""

from collections.abc import Callable
from importlib import import_module

from faceedit.errors import UsageError
from faceedit.names import unknown
from faceedit.training.task import Request, Task

TRAININGS = {"reggan": "faceedit.methods.reggan.training"}
"""Each module offers ``build(request) -> Task``."""


def find_training(method: str) -> Callable[[Request], Task]:
    """Return what makes a method's task.

    Raises:
        UsageError: there is no such method.
    """
    if method not in TRAININGS:
        raise UsageError(unknown("method", method, TRAININGS))
    return import_module(TRAININGS[method]).build
