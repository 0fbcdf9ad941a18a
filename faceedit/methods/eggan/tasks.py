"""Which of EGGAN's trainings ``faceedit train eggan`` runs."""

from faceedit.errors import UsageError
from faceedit.training.task import Task, TrainingRequest


def build(request: TrainingRequest) -> Task:
    """Return the training of a profile.

    Raises:
        UsageError: there is no such profile, or the data do not do.
    """
    if request.profile == "fast":
        from faceedit.methods.eggan.fast_task import FastTask

        return FastTask(request)
    if request.profile == "paper":
        from faceedit.methods.eggan.paper_task import PaperTask

        return PaperTask(request)
    raise UsageError(f"eggan has no profile {request.profile!r}; it has: fast, paper")
