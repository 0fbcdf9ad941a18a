"""Which trainings ``faceedit train secgan``, ``stargan`` and ``attgan`` run."""

from faceedit.errors import UsageError
from faceedit.training.task import Task, TrainingRequest


def build(request: TrainingRequest) -> Task:
    """Return the training of SeCGAN; see `_build`."""
    return _build(request, "secgan")


def build_stargan(request: TrainingRequest) -> Task:
    """Return the training of the StarGAN baseline; see `_build`."""
    return _build(request, "stargan")


def build_attgan(request: TrainingRequest) -> Task:
    """Return the training of the AttGAN baseline; see `_build`."""
    return _build(request, "attgan")


def build_expressive(request: TrainingRequest) -> Task:
    """Return the training of the expressions that ship.

    Raises:
        UsageError: there is no such profile, or the data do not do.
    """
    if request.profile != "fast":
        raise UsageError(f"secgan-expressions has no profile {request.profile!r}; it has: fast")
    from faceedit.methods.secgan.expression_task import ExpressionTask

    return ExpressionTask(request)


def _build(request: TrainingRequest, method: str) -> Task:
    """Return a training.

    Raises:
        UsageError: there is no such profile, or the data do not do.
    """
    if request.profile != "paper":
        raise UsageError(f"{method} has no profile {request.profile!r}; it has: paper")
    from faceedit.methods.secgan.paper_task import PaperTask

    return PaperTask(request, method)
