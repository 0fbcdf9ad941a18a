"""Which of LSSL's trainings ``faceedit train lssl`` runs."""

from faceedit.errors import UsageError
from faceedit.training.task import Task, TrainingRequest


def build(request: TrainingRequest) -> Task:
    """Return the training of a profile.

    Raises:
        UsageError: there is no such profile, or the data do not do.
    """
    if request.profile == "fast":
        from faceedit.methods.lssl.turn_task import TurnTask

        return TurnTask(request)
    if request.profile == "paper":
        from faceedit.methods.lssl.paper_task import PaperTask

        return PaperTask(request)
    raise UsageError(f"lssl has no profile {request.profile!r}; it has: fast, paper")
