import pytest
import torch

from faceedit.training.batches import Numbers, load_batches
from faceedit.training.task import Schedule


def numbers_of(schedule, turns, first=0, rank=0, size=1):
    return list(Numbers(schedule, turns, first, rank, size))


@pytest.mark.parametrize("turns", [1, 3])
@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("size", [1, 2])
def test_every_number_is_taken_once_whoever_takes_it(turns, accumulate, size):
    schedule = Schedule(steps=4, batch_size=8, accumulate=accumulate)
    ranks = [numbers_of(schedule, turns, rank=rank, size=size) for rank in range(size)]
    assert {len(portions) for portions in ranks} == {4 * turns * accumulate}
    # All processes' portions together follow the numbers.
    together = [n for portions in zip(*ranks, strict=True) for portion in portions for n in portion]
    assert together == list(range(4 * turns * 8))
    assert len(Numbers(schedule, turns, 0, 0, size)) == len(ranks[0])


def test_a_later_step_begins_where_the_earlier_ones_end():
    schedule = Schedule(steps=5, batch_size=4, accumulate=2)
    assert (
        numbers_of(schedule, 2, first=3, rank=1, size=2)
        == numbers_of(schedule, 2, rank=1, size=2)[12:]
    )


def test_batches_stack_samples():
    class Squares:
        def __getitem__(self, number):
            return {"square": torch.tensor([number**2])}

    numbers = Numbers(Schedule(steps=2, batch_size=2), 1)
    batches = list(load_batches(Squares(), numbers, 0, torch.device("cpu")))
    assert [batch["square"].tolist() for batch in batches] == [[[0], [1]], [[4], [9]]]
