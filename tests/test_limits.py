import pytest

from faceedit.batch.crew import gather_crew
from faceedit.batch.pipeline import Pace
from faceedit.batch.ray_engine import run_on_ray
from faceedit.editing.build import EditSettings
from faceedit.errors import UsageError
from faceedit.process import prepare
from faceedit.targets import parse_target
from faceedit.training.engine import EngineOptions

HAPPY = parse_target(["happy"])


@pytest.mark.parametrize(
    "ask",
    [
        lambda: prepare(100_000),
        lambda: prepare(0),
        lambda: gather_crew(["cpu"], 10, 10**8),
        lambda: gather_crew(["cpu"], 10, -1),
        lambda: run_on_ray([], None, None, None, 10**8),  # pyright: ignore[reportArgumentType]
        lambda: EditSettings(HAPPY, batch=100_000),
        lambda: EditSettings(HAPPY, min_identity=float("nan")),
        lambda: Pace(readers=100_000),
        lambda: Pace(batch=10**9),
        lambda: EngineOptions(threads=100_000),
        lambda: EngineOptions(processes=10**8),
        lambda: EngineOptions(max_seconds=float("nan")),
    ],
)
def test_numbers_that_end_in_a_crash_are_refused(ask):
    with pytest.raises(UsageError) as refused:
        ask()
    assert len(str(refused.value)) < 200
