import pytest

from faceedit.training import budget as budget_module
from faceedit.training.budget import SLACK, Budget


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 0.0

        def perf_counter(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(budget_module, "time", clock)
    return clock


def spend(budget, clock, kind, seconds):
    with budget.span(kind):
        clock.now += seconds


def test_time_for_saving_and_export_is_kept(clock):
    budget = Budget(100.0)
    spend(budget, clock, "save", 4.0)
    spend(budget, clock, "export", 10.0)
    spend(budget, clock, "step", 2.0)
    clock.now = 100.0 - SLACK * 16.0 - 0.1
    assert budget.fits("step")
    clock.now += 0.2
    assert not budget.fits("step")


def test_the_first_step_foretells_only_the_second(clock):
    budget = Budget(100.0)
    for seconds in (50.0, 1.0):
        clock.now = 0.0
        spend(budget, clock, "save", 0.0)
        spend(budget, clock, "step", seconds)
        clock.now = 90.0
        assert budget.fits("step") == (seconds == 1.0)


def test_what_took_long_once_may_do_so_again(clock):
    budget = Budget(1000.0)
    spend(budget, clock, "save", 1.0)
    spend(budget, clock, "validate", 300.0)
    spend(budget, clock, "validate", 3.0)
    clock.now = 700.0
    assert budget.fits("step")
    assert not budget.fits("validate")
    # And a run that goes on knows it from the one before.
    assert not Budget(1000.0, longest=budget.longest).fits("validate")


def test_without_an_end_all_fits(clock):
    assert Budget().fits("validate", "sheet", "step")


def test_saves_come_before_a_step_too_many(clock):
    budget = Budget(save_seconds=45.0)
    spend(budget, clock, "step", 10.0)
    clock.now = 34.0
    assert not budget.must_save()
    clock.now = 36.0
    assert budget.must_save()
    spend(budget, clock, "save", 2.0)
    assert not budget.must_save()
    assert budget.aside == 2.0
