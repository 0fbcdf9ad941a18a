"""Training of the judge of action units, on pictures made for it alone."""

from faceedit.recognisers.units import UnitJudge
from faceedit.training.recognisers.units import UnitTask
from faceedit.training.task import TrainingRequest


class JudgeTask(UnitTask):
    """As the reader's, on the table ``judge``."""

    kind = UnitJudge
    table = "judge"


def build(request: TrainingRequest) -> UnitTask:
    """Make the task that ``faceedit train unit-judge`` runs."""
    return JudgeTask(request)
