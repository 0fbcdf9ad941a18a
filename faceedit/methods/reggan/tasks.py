"""Which of RegGAN's trainings ``faceedit train reggan`` runs."""

from faceedit.errors import UsageError
from faceedit.training.task import Task, TrainingRequest


def build(request: TrainingRequest) -> Task:
    """Return the training of a profile.

    Raises:
        UsageError: there is no such profile, or the data do not do.
    """
    if request.profile == "fast" and request.start is not None and _are_photos(request):
        from faceedit.methods.reggan.fast_task import RegGANTuneTask

        return RegGANTuneTask(request)
    if request.profile == "fast":
        from faceedit.methods.reggan.fast_task import FastTask

        return FastTask(request)
    if request.profile == "paper":
        from faceedit.methods.reggan.paper_task import PaperTask

        return PaperTask(request)
    raise UsageError(f"reggan has no profile {request.profile!r}; it has: fast, paper")


def _are_photos(request: TrainingRequest) -> bool:
    """Tell photos from pairs that the studio made."""
    from faceedit.training.pair_table import is_table

    return not any(
        path.suffix == ".npz" or is_table(path) or next(path.glob("*.tar"), None) is not None
        for path in request.data
    )
