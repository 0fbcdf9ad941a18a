"""Which of LEGAN's trainings ``faceedit train legan`` runs."""

from faceedit.errors import UsageError
from faceedit.training.task import Task, TrainingRequest


def build(request: TrainingRequest) -> Task:
    """Return the training of a profile.

    Raises:
        UsageError: there is no such profile, or the data do not do.
    """
    if request.profile == "fast":
        from faceedit.methods.legan.light_task import LightTask

        return LightTask(request)
    if request.profile == "paper":
        from faceedit.methods.legan.paper_task import PaperTask

        return PaperTask(request)
    raise UsageError(f"legan has no profile {request.profile!r}; it has: fast, paper")
