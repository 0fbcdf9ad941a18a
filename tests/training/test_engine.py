import json
import math
import signal
import sys

import pytest
import torch
from safetensors.torch import load_file
from toy_gan import ToyTask

from faceedit.errors import FaceEditError, UsageError
from faceedit.training import budget as budget_module

HARD = {"critic_turns": 3, "accumulate": 2, "steps": 5}


def read_log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def losses_of(folder):
    return {r["step"]: r["losses"] for r in read_log(folder) if "losses" in r}


def same_tensors(one, two):
    one, two = load_file(one), load_file(two)
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def test_a_training_leaves_log_sheet_state_and_checkpoint(run_toy, tmp_path):
    settings = {"validate_every": 2, "sheet_every": 3, "log_every": 2}
    told = []
    outcome, _ = run_toy("out", settings, request={"tell": told.append})
    out = tmp_path / "out"
    assert (outcome.step, outcome.finished, outcome.signal) == (6, True, 0)
    assert outcome.checkpoint == out / "toy-fast.safetensors"
    assert load_file(outcome.checkpoint)["0.weight"].shape == (6, 3, 3, 3)
    assert {p.name for p in out.glob("*.jpg")} == {"sheet-000003.jpg", "sheet-000006.jpg"}
    assert not list(out.glob("*.partial"))
    log = read_log(out)
    assert [r["step"] for r in log if "losses" in r] == [1, 2, 4, 6]
    assert [r["step"] for r in log if "validation" in r] == [2, 4, 6]
    assert log[-1]["validation"] == pytest.approx(outcome.metrics)
    record = log[0]
    assert set(record["losses"]) == {
        *("critic/adversarial", "critic/gradient_penalty", "critic/total"),
        *("generator/pixel", "generator/total"),
    }
    # Half of the warm-up at the first step; the cosine has not begun to fall.
    assert record["rates"] == pytest.approx({"critic": 0.005, "generator": 0.005})
    assert record["images_per_second"] > 0
    assert 0 < record["seconds"] <= log[-1]["seconds"]
    assert any("step 6 of 6" in line for line in told)


def test_turns_take_the_numbers_in_order(run_toy):
    _, task = run_toy(settings=HARD, max_steps=2)
    step_1 = [(name, numbers) for name, step, numbers in task.seen if step == 1]
    # Three batches of four a step, in two portions each; the generator takes the last of them.
    assert step_1 == [
        *[("critic", [12 + 2 * i, 13 + 2 * i]) for i in range(6)],
        *[("generator", [20, 21]), ("generator", [22, 23])],
    ]


def test_only_the_networks_of_a_turn_change(run_toy):
    class Frozen(ToyTask):
        def __init__(self, request):
            super().__init__(request)
            self.networks["generator"].get_submodule("0").requires_grad_(False)
            self.start = {k: v.clone() for k, v in self.networks["generator"].state_dict().items()}

        def please(self, batch):
            assert not any(p.requires_grad for p in self.networks["critic"].parameters())
            return super().please(batch)

        def judge(self, batch):
            assert not any(p.requires_grad for p in self.networks["generator"].parameters())
            return super().judge(batch)

    _, task = run_toy(task=Frozen, max_steps=2)
    now = task.networks["generator"].state_dict()
    changed = {k for k, v in task.start.items() if not torch.equal(v, now[k])}
    assert changed == {"1.weight", "1.bias", "3.weight", "3.bias"}


def test_an_update_begins_at_its_step(run_toy):
    class Later(ToyTask):
        def __init__(self, request):
            super().__init__(request)
            critic, generator = self.updates
            self.updates = (type(critic)("critic", ("critic",), self.judge, begins=2), generator)

    _, task = run_toy(task=Later, max_steps=3)
    assert [(name, step) for name, step, _ in task.seen] == [
        *[("generator", 0), ("generator", 1), ("critic", 2), ("generator", 2)]
    ]


def test_portions_give_the_gradient_of_the_whole_batch(run_toy, tmp_path):
    for name, portions in (("whole", 1), ("parts", 2)):
        run_toy(name, {"accumulate": portions, "dropout": 0.0})
    whole, parts = (load_file(tmp_path / n / "toy-fast.safetensors") for n in ("whole", "parts"))
    for name in whole:
        # Adam makes much of the last digits.
        torch.testing.assert_close(whole[name], parts[name], rtol=0.0, atol=5e-4)
    for step, losses in losses_of(tmp_path / "whole").items():
        assert losses_of(tmp_path / "parts")[step] == pytest.approx(losses, rel=1e-3, abs=1e-4)


def test_going_on_is_the_same_as_never_stopping(run_toy, tmp_path):
    run_toy("whole", HARD)
    run_toy("parts", HARD, max_steps=2)
    # Neither the time of saving nor a look at the networks changes what comes.
    run_toy("parts", {**HARD, "validate_every": 1}, resume=True, max_steps=1, save_seconds=0.0)
    outcome, _ = run_toy("parts", HARD, resume=True)
    assert outcome.finished
    assert losses_of(tmp_path / "parts") == losses_of(tmp_path / "whole")
    for name in ("state.safetensors", "toy-fast.safetensors"):
        one, two = (load_file(tmp_path / n / name) for n in ("whole", "parts"))
        # The engine does not go on from there: each turn has a seed of its own.
        for tensors in (one, two):
            tensors.pop("random", None)
        assert one.keys() == two.keys()
        assert all(torch.equal(one[k], two[k]) for k in one)


def test_workers_draw_the_same(run_toy, tmp_path):
    run_toy("none", {"steps": 3})
    run_toy("one", {"steps": 3}, request={"workers": 1})
    assert losses_of(tmp_path / "none") == losses_of(tmp_path / "one")


class KilledError(Exception):
    """Nothing may be done after it."""


def test_a_killed_training_loses_what_came_after_its_last_save(run_toy, tmp_path):
    class Dying(ToyTask):
        def please(self, batch):
            if self.step == 4:
                raise KilledError
            return super().please(batch)

    run_toy("whole")
    with pytest.raises(KilledError):
        run_toy("out", task=Dying, save_seconds=0.0)
    # The log is ahead of the state where the kill came between them, in the midst of a line.
    log = tmp_path / "out" / "log.jsonl"
    log.write_text(log.read_text() + '{"step": 5, "losses": {}}\n{"step": 6, "lo')
    outcome, task = run_toy("out", resume=True)
    assert task.seen[0][1] == 4
    assert outcome.finished
    assert losses_of(tmp_path / "out") == losses_of(tmp_path / "whole")


def test_states_are_saved_as_often_as_asked(run_toy, tmp_path, monkeypatch):
    from faceedit.training.models import Models

    steps, save = [], Models.save

    def note(self, path, notes):
        steps.append(notes["step"])
        save(self, path, notes)

    monkeypatch.setattr(Models, "save", note)
    run_toy("seldom")
    assert steps == [0, 6]
    steps.clear()
    run_toy("often", save_seconds=0.0)
    assert steps == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_after_its_step(run_toy, number):
    class Stopped(ToyTask):
        def judge(self, batch):
            if self.step == 2:
                signal.raise_signal(number)
                # A terminal and `timeout` send it twice.
                signal.raise_signal(number)
            return super().judge(batch)

    before = signal.getsignal(number)
    outcome, task = run_toy(task=Stopped)
    assert (outcome.step, outcome.signal, outcome.checkpoint) == (3, number, None)
    assert task.seen[-1][:2] == ("generator", 2)
    assert signal.getsignal(number) is before
    outcome, _ = run_toy(resume=True)
    assert (outcome.step, outcome.finished) == (6, True)


def test_it_stops_within_its_time(run_toy, monkeypatch):
    class Clock:
        now = 0.0

        def perf_counter(self):
            return self.now

    clock = Clock()

    class Slow(ToyTask):
        def please(self, batch):
            clock.now += 10.0
            return super().please(batch)

        def export(self, path, networks, notes):
            clock.now += 20.0
            return super().export(path, networks, notes)

    monkeypatch.setattr(budget_module, "time", clock)
    settings = {"steps": 100, "validate_every": 2}
    outcome, _ = run_toy(settings=settings, task=Slow, max_seconds=200.0, started=0.0)
    assert not outcome.finished
    assert outcome.checkpoint.is_file()
    assert 140 < clock.now <= 200
    # What saving and exporting took is remembered, and there is time for neither.
    clock.now = 0.0
    again, _ = run_toy(settings=settings, resume=True, task=Slow, max_seconds=25.0, started=0.0)
    assert again.step == outcome.step


def test_weights_that_are_no_numbers_are_not_kept(run_toy):
    settings = {"break_at": 3}
    with pytest.raises(FaceEditError, match="no numbers any more after step 4"):
        run_toy(settings=settings, save_seconds=0.0)
    outcome, task = run_toy(resume=True)
    assert task.seen[0][1] == 3
    assert outcome.finished
    assert all(map(math.isfinite, outcome.losses.values()))


def test_a_folder_with_a_training_is_not_overwritten(run_toy):
    run_toy(max_steps=1)
    with pytest.raises(UsageError, match="go on with --resume"):
        run_toy()


@pytest.mark.parametrize("line", ["my notes", '{"step": 3, "loss": 0.5}'])
def test_a_log_that_is_the_users_own_is_not_cut(run_toy, tmp_path, line):
    (tmp_path / "out").mkdir()
    log = tmp_path / "out" / "log.jsonl"
    log.write_text(f"{line}\n")
    with pytest.raises(UsageError, match="holds other files"):
        run_toy()
    assert log.read_text() == f"{line}\n"


def test_more_processes_than_the_memory_holds(run_toy, tmp_path, monkeypatch):
    monkeypatch.setattr("faceedit.machine.memory", lambda: 2**30)
    with pytest.raises(UsageError, match="--processes and --workers: "):
        run_toy(request={"workers": 2})
    assert not (tmp_path / "out").exists()


def test_a_training_that_cannot_begin_leaves_no_folder(run_toy, tmp_path):
    class Unready(ToyTask):
        def __init__(self, *args, **kwargs):
            raise UsageError("no pairs")

    with pytest.raises(UsageError, match="no pairs"):
        run_toy(task=Unready)
    assert not (tmp_path / "out").exists()


def test_a_training_whose_state_was_deleted_begins_anew(run_toy, tmp_path):
    run_toy(max_steps=1)
    (tmp_path / "out" / "state.safetensors").unlink()
    assert run_toy(max_steps=1)[0].step == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("name", ["log.jsonl", "state.partial", "toy-fast.safetensors"])
def test_a_training_writes_through_no_link(run_toy, tmp_path, name):
    run_toy(max_steps=1)
    mine = tmp_path / "mine.jpg"
    mine.write_bytes(b"the user's")
    (tmp_path / "out" / name).unlink(missing_ok=True)
    (tmp_path / "out" / name).symlink_to(mine)
    with pytest.raises(UsageError, match=f"{name} is a link"):
        run_toy(resume=True)
    assert mine.read_bytes() == b"the user's"


def test_resuming_nothing_begins_anew(run_toy):
    told = []
    outcome, _ = run_toy(resume=True, max_steps=1, request={"tell": told.append})
    assert outcome.step == 1
    assert "a new training begins" in told[0]


def test_a_state_of_another_method_is_refused(run_toy):
    class Other(ToyTask):
        profile = "paper"

    run_toy(max_steps=1)
    with pytest.raises(UsageError, match=r"state\.safetensors is of a training of toy fast"):
        run_toy(task=Other, resume=True)


def test_a_damaged_state_is_refused(run_toy, tmp_path):
    run_toy(max_steps=1)
    state = tmp_path / "out" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-40])
    with pytest.raises(UsageError, match=r"state\.safetensors is no state"):
        run_toy(resume=True)


def test_changed_settings_are_told(run_toy):
    told = []
    run_toy(max_steps=1)
    run_toy(settings={"rate": 0.5}, resume=True, max_steps=1, request={"tell": told.append})
    assert "differs from the training so far: recipe.rate was 0.01, is 0.5" in told


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_goes_on_exactly(run_toy, tmp_path, precision):
    run_toy("whole", {"steps": 4}, precision=precision)
    run_toy("parts", {"steps": 4}, precision=precision, max_steps=2)
    run_toy("parts", {"steps": 4}, precision=precision, resume=True)
    assert same_tensors(*(tmp_path / n / "toy-fast.safetensors" for n in ("whole", "parts")))
    run_toy("full", {"steps": 4})
    assert losses_of(tmp_path / "whole") == losses_of(tmp_path / "parts")
    one, two = losses_of(tmp_path / "whole")[1], losses_of(tmp_path / "full")[1]
    assert one != two
    assert one["generator/pixel"] == pytest.approx(two["generator/pixel"], rel=0.02)


def test_fp16_keeps_its_scale(run_toy, tmp_path):
    from faceedit.training.state import read_notes

    run_toy(precision="fp16", max_steps=2)
    scaler = read_notes(tmp_path / "out" / "state.safetensors")["scaler"]
    run_toy(precision="fp16", resume=True, max_steps=1)
    later = read_notes(tmp_path / "out" / "state.safetensors")["scaler"]
    # Two turns a step, each of which counts.
    assert later["_growth_tracker"] == scaler["_growth_tracker"] + 2 or (
        later["scale"] < scaler["scale"]
    )


def test_batches_must_divide(run_toy):
    with pytest.raises(UsageError, match="a batch of 4 cannot be divided among 3 portions"):
        run_toy(settings={"accumulate": 3})


def test_tasks_that_contradict_themselves_are_named(run_toy):
    class Unknown(ToyTask):
        averaged = ("painter",)

    class Twice(ToyTask):
        def __init__(self, request):
            super().__init__(request)
            self.updates = (self.updates[0], self.updates[0])

    with pytest.raises(ValueError, match="no network is called painter"):
        run_toy("a", task=Unknown)
    with pytest.raises(ValueError, match="names that differ"):
        run_toy("b", task=Twice)


def test_the_average_is_what_is_used(run_toy, tmp_path):
    outcome, task = run_toy()
    kept = load_file(outcome.checkpoint)
    now = task.networks["generator"].state_dict()
    assert not torch.equal(kept["0.weight"], now["0.weight"])
    state = load_file(tmp_path / "out" / "state.safetensors")
    assert torch.equal(kept["0.weight"], state["module.average-generator.0.weight"])
