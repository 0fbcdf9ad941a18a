"""Which training ``faceedit train lssl`` runs."""

from faceedit.errors import UsageError
from faceedit.training.task import Task, TrainingRequest


def build(request: TrainingRequest) -> Task:
    """Return the training of a profile.

    Raises:
        UsageError: there is no such profile, or the data do not do.
    """
    if request.profile != "paper":
        raise UsageError(f"lssl has no profile {request.profile!r} to train; it has: paper")
    from faceedit.methods.lssl.paper_task import PaperTask

    return PaperTask(request)
