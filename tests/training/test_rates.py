import pytest
import torch
from torch import nn

from faceedit.training.rates import make_optimiser, share_of_rate
from faceedit.training.task import OptimiserOptions, Schedule


def shares(**schedule):
    schedule = Schedule(steps=8, batch_size=1, **schedule)
    return [share_of_rate(schedule, step) for step in range(9)]


def test_rates_fall_as_planned():
    assert shares(rate="constant") == [1.0] * 9
    assert shares(rate="linear") == pytest.approx([1 - i / 8 for i in range(9)])
    cosine = shares(rate="cosine")
    assert cosine[::4] == pytest.approx([1.0, 0.5, 0.0])
    assert cosine == sorted(cosine, reverse=True)


def test_the_fall_may_begin_later():
    assert shares(rate="linear", falls_from=0.5) == pytest.approx([1.0] * 5 + [0.75, 0.5, 0.25, 0])


def test_an_exponential_fall_ends_at_a_hundredth():
    found = shares(rate="exponential", falls_from=0.5)
    assert found == pytest.approx([1.0] * 5 + [0.01**0.25, 0.1, 0.01**0.75, 0.01])


def test_rates_rise_in_the_warm_up():
    assert shares(rate="constant", warm_up=4)[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])


@pytest.mark.parametrize(
    ("kind", "made"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
def test_optimisers_are_as_planned(kind, made):
    options = OptimiserOptions(kind, rate=0.1, betas=(0.5, 0.9), weight_decay=0.2)
    optimiser = make_optimiser(nn.Linear(2, 2).parameters(), options)
    assert type(optimiser) is made
    (group,) = optimiser.param_groups
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.1, (0.5, 0.9), 0.2)
