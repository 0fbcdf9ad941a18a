import io

import pytest
from rich.console import Console

from faceedit.training.live import Lines, Progress, draw, duration

PROGRESS = Progress(
    step=30,
    steps=100,
    speed=12.34,
    seconds_left=75.0,
    rates={"critic": 2e-4, "generator": 1e-4},
    losses={"critic/total": 0.5, "generator/pixel": 0.25, "generator/total": 1.5},
)


def test_lines_come_now_and_then():
    told = []
    lines = Lines(told.append, seconds=1000.0)
    lines.show(PROGRESS)
    lines.show(PROGRESS)
    (line,) = told
    for part in ("step 30 of 100", "critic 0.5", "generator 1.5", "12.3 images/s", "75 s left"):
        assert part in line
    assert "\n" not in line
    measured = Progress(**{**vars(PROGRESS), "metrics": {"ecs": 0.875}})
    lines.show(measured)
    lines.show(measured)
    assert len(told) == 2
    assert "ecs 0.875" in told[1]
    eager = Lines(told.append, seconds=0.0)
    eager.show(PROGRESS)
    eager.show(PROGRESS)
    assert len(told) == 4


def test_the_table_holds_losses_rates_and_time():
    out = io.StringIO()
    measured = Progress(**{**vars(PROGRESS), "metrics": {"ecs": 0.875}})
    Console(file=out, width=100).print(draw("reggan fast", measured))
    text = out.getvalue()
    about = ("reggan fast", "step 30 of 100", "12.3 images/s", "75 s left", "2.00e-04")
    for part in (*about, "total 0.5", "pixel 0.25", "total 1.5", "ecs 0.875"):
        assert part in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.4, "3 s"), (600, "10 min"), (3 * 3600 + 300, "3 h 5 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_slow_steps_are_told_between_two_logs():
    told = []
    eager, patient = Lines(told.append, seconds=0.0), Lines(told.append, seconds=1000.0)
    for lines in (eager, patient):
        lines.step(4)
        lines.show(PROGRESS)
        lines.step(PROGRESS.step + 1)
    assert len(told) == 3
    assert told[1] == f"step {PROGRESS.step + 1} of {PROGRESS.steps}"
