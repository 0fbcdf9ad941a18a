"""Which of RegGAN's trainings ``faceedit train reggan`` runs."""

from faceedit.errors import UsageError
from faceedit.training.task import Task, TrainingRequest


def build(request: TrainingRequest) -> Task:
    """Return the training of a profile.

    Raises:
        UsageError: there is no such profile, or the data do not do.
    """
    if request.profile == "fast":
        from faceedit.methods.fields.sources import are_photos
        from faceedit.methods.reggan.fast_task import FastTask, RegGANTuneTask

        tuned = request.start is not None and are_photos(request)
        return RegGANTuneTask(request) if tuned else FastTask(request)
    if request.profile == "paper":
        from faceedit.methods.reggan.paper_task import PaperTask

        return PaperTask(request)
    raise UsageError(f"reggan has no profile {request.profile!r}; it has: fast, paper")
