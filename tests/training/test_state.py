import os

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from faceedit.errors import FaceEditError, UsageError
from faceedit.training.state import Average, load_state, read_notes, save_state


class Toy:
    """A small training whose steps are random, with everything that a state holds."""

    def __init__(self):
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
        copy = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.average = Average(self.net, copy)
        self.modules = {"net": self.net, "average": self.average.average}
        self.optimisers = {"net": torch.optim.Adam(self.net.parameters(), lr=0.01)}

    def step(self, number: int) -> float:
        loss = (self.net(torch.rand(3, 2, 8, 8)) - 1).square().mean()
        self.optimisers["net"].zero_grad()
        loss.backward()
        self.optimisers["net"].step()
        self.average.update(number)
        return loss.item()


def test_going_on_is_the_same_as_never_stopping(tmp_path):
    whole, first, second = Toy(), Toy(), Toy()
    torch.manual_seed(1)
    expected = [whole.step(i) for i in range(6)]
    torch.manual_seed(1)
    losses = [first.step(i) for i in range(3)]
    save_state(tmp_path / "state.safetensors", first.modules, first.optimisers, {"step": 3})
    torch.manual_seed(99)
    notes = load_state(tmp_path / "state.safetensors", second.modules, second.optimisers)
    losses += [second.step(i) for i in range(notes["step"], 6)]
    assert losses == expected
    for name, module in whole.modules.items():
        for one, two in zip(
            module.state_dict().values(), second.modules[name].state_dict().values(), strict=True
        ):
            assert torch.equal(one, two)


def test_a_state_is_written_whole_and_holds_notes(tmp_path):
    toy = Toy()
    path = tmp_path / "state.safetensors"
    notes = {"step": 7, "targets": ["neutral", "happy"]}
    for _ in range(2):
        save_state(path, toy.modules, toy.optimisers, notes)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert load_state(path, toy.modules, toy.optimisers) == notes


def test_a_state_of_another_training_is_refused(tmp_path):
    toy, path = Toy(), tmp_path / "state.safetensors"
    save_state(path, toy.modules, toy.optimisers, {"step": 0})
    with pytest.raises(UsageError, match="another training"):
        load_state(path, {"net": nn.Linear(2, 2)}, {})


@pytest.mark.parametrize("content", [b"", b"not safetensors" * 9])
def test_a_damaged_state_is_refused(tmp_path, content):
    path = tmp_path / "state.safetensors"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"state\.safetensors is no state"):
        load_state(path, {}, {})


def written(path, tensors, notes):
    save_file(tensors, path, metadata={} if notes is None else {"notes": notes})


@pytest.mark.parametrize(
    "notes",
    [None, "[" * 100_000, '{"step": NaN}', "[]", "{}", '{"step": -1}', '{"step": "3"}', "no json"],
    ids=lambda notes: str(notes)[:9],
)
def test_notes_that_make_no_sense_are_refused(tmp_path, notes):
    path = tmp_path / "state.safetensors"
    written(path, {"random": torch.get_rng_state()}, notes)
    for read in (read_notes, lambda path: load_state(path, {}, {})):
        with pytest.raises(UsageError, match=r"state\.safetensors is no state"):
            read(path)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"module.net.0.weight": torch.full((4, 2, 3, 3), torch.nan)},
        {"module.average.0.bias": torch.full((4,), torch.inf)},
        {"random": torch.zeros(7)},
        {"random": torch.zeros(3, dtype=torch.uint8)},
        {"optimiser.net.one.exp_avg": torch.zeros(2)},
        {"optimiser.net.3": torch.zeros(2)},
        {"optimiser.net.-1.exp_avg": torch.zeros(2)},
    ],
    ids=lambda spoilt: next(iter(spoilt)),
)
def test_tensors_that_make_no_sense_are_refused(tmp_path, spoilt):
    toy, path = Toy(), tmp_path / "state.safetensors"
    save_state(path, toy.modules, toy.optimisers, {"step": 1})
    written(path, load_file(path) | spoilt, '{"step": 1}')
    with pytest.raises(UsageError, match=r"state\.safetensors is (no state|of another)"):
        load_state(path, toy.modules, toy.optimisers)


def test_a_pipe_is_no_state(tmp_path):
    os.mkfifo(tmp_path / "state.safetensors")
    with pytest.raises(UsageError, match="it is not a regular file"):
        read_notes(tmp_path / "state.safetensors")


def test_a_state_that_was_cut_off_is_refused(tmp_path):
    toy, path = Toy(), tmp_path / "state.safetensors"
    save_state(path, toy.modules, toy.optimisers, {"step": 0})
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(UsageError, match=r"state\.safetensors is no state"):
        load_state(path, toy.modules, toy.optimisers)


@pytest.mark.parametrize("shape", [(3, 4), (2, 2)])
def test_moments_of_another_optimiser_are_refused(tmp_path, shape):
    toy, path = Toy(), tmp_path / "state.safetensors"
    toy.step(0)
    save_state(path, toy.modules, toy.optimisers, {"step": 1})
    other = torch.optim.Adam([torch.nn.Parameter(torch.zeros(shape))])
    with pytest.raises(UsageError, match="optimiser net differs"):
        load_state(path, toy.modules, {"net": other})


def test_notes_are_read_by_themselves(tmp_path):
    toy, path = Toy(), tmp_path / "state.safetensors"
    save_state(path, toy.modules, toy.optimisers, {"step": 7})
    assert read_notes(path) == {"step": 7}
    with pytest.raises(UsageError, match="none"):
        read_notes(tmp_path / "none")


def test_a_state_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    from faceedit.training import state

    def full(tensors, path, metadata):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    toy, path = Toy(), tmp_path / "state.safetensors"
    save_state(path, toy.modules, toy.optimisers, {"step": 1})
    monkeypatch.setattr(state, "save_file", full)
    with pytest.raises(FaceEditError, match=r"state\.safetensors cannot be written: No space"):
        save_state(path, toy.modules, toy.optimisers, {"step": 2})
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert read_notes(path) == {"step": 1}


def test_an_average_follows_slowly_and_copies_counters():
    net, copy = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    average = Average(net, copy, decay=0.9)
    assert not any(p.requires_grad for p in copy.parameters())
    net.weight.data.fill_(3.0)
    net.get_buffer("num_batches_tracked").fill_(5)
    average.update(10_000)
    assert copy.weight.item() == pytest.approx(1 + 0.1 * 2)
    assert copy.get_buffer("num_batches_tracked").item() == 5
    # The first steps forget the start sooner.
    average.update(0)
    assert copy.weight.item() == pytest.approx(3 - 0.05 * 1.8)
