import json
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from faceedit.errors import UsageError
from faceedit.training.recognisers.fit import LOG, Plan, fit
from faceedit.training.state import load_average, save_state


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, 3))

    def losses(self, noise: float = 0.1) -> dict[str, torch.Tensor]:
        x = torch.randn(16, 3)
        y = x @ torch.tensor([1.0, -2.0, 0.5]) + noise * torch.randn(16)
        return {"squares": ((x @ self.weight[0] - y) ** 2).mean()}


PLAN = Plan(steps=120, rate=0.1, weight_decay=0.0, average=0.8, keep_every=20, examine_every=60)


def losses(line: Line, step: int) -> dict[str, torch.Tensor]:
    return line.losses()


def test_it_learns_and_tells(tmp_path):
    told: list[str] = []
    found = fit(Line(), Line(), losses, PLAN, tmp_path, tell=told.append,
                examine=lambda line: {"first": float(line.weight[0, 0])})  # fmt: skip
    torch.testing.assert_close(found.weight[0], torch.tensor([1.0, -2, 0.5]), atol=0.1, rtol=0)
    assert not found.training
    entries = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [e["step"] for e in entries if "squares" in e] == list(range(20, 121, 20))
    assert [e["step"] for e in entries if "first" in e] == [60, 120]
    assert entries[-2]["squares"] < 0.1 * entries[0]["squares"]
    assert len(told) == 8


def test_stopped_and_gone_on_is_as_never_stopped(tmp_path):
    whole = fit(Line(), Line(), losses, PLAN, tmp_path / "a")
    often = replace(PLAN, keep_every=20, examine_every=20)

    def until_fifty(line: Line, step: int) -> dict[str, torch.Tensor]:
        if step == 50:
            raise KeyboardInterrupt
        return line.losses()

    with pytest.raises(KeyboardInterrupt):
        fit(
            Line(), Line(), until_fifty, often, tmp_path / "b",
            examine=lambda _: {"drawn": float(torch.rand(()))},
        )  # fmt: skip
    again = fit(Line(), Line(), losses, PLAN, tmp_path / "b", resume=True)
    torch.testing.assert_close(again.weight, whole.weight, atol=0, rtol=0)


def test_it_stops_in_time_and_keeps_its_state(tmp_path):
    fit(Line(), Line(), losses, PLAN, tmp_path, max_seconds=0)
    found = fit(Line(), Line(), losses, PLAN, tmp_path, resume=True)
    torch.testing.assert_close(
        found.weight, fit(Line(), Line(), losses, PLAN, tmp_path / "b").weight
    )


def test_a_loss_that_is_no_number_ends_it(tmp_path):
    with pytest.raises(FloatingPointError, match="step 0"):
        fit(Line(), Line(), lambda m, _: {"nan": m.weight.sum() * math.nan}, PLAN, tmp_path)


def test_rates_rise_and_fall():
    plan = Plan(steps=1000, rate=1.0, warm_up=0.1)
    rates = [plan.rate_at(step) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == rates[99] == rates[100] == 1.0
    assert rates[550] == pytest.approx(0.5)
    assert rates[-1] < 1e-4


def test_sizes_change_with_the_step():
    plan = Plan(steps=10, sizes=((0.0, 32), (0.5, 64)))
    assert [plan.size_at(step) for step in (0, 4, 5, 9)] == [32, 32, 64, 64]


def test_the_average_of_a_state_can_be_taken_alone(tmp_path):
    network, other = nn.Linear(2, 2), nn.Linear(2, 2)
    save_state(tmp_path / "s.safetensors", {"average": network}, {}, {"step": 1})
    load_average(tmp_path / "s.safetensors", other)
    assert torch.equal(other.weight, network.weight)
    with pytest.raises(UsageError, match="another training"):
        load_average(tmp_path / "s.safetensors", nn.Linear(3, 2))
