import json
import math
import os
import signal
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
from toy_gan import DESCRIPTOR, ToyTask  # pyright: ignore[reportMissingImports]

TRAIN = ("train", "toy", "--data", "a", "--device", "cpu")


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """A made-up method; yields the requests and options that a training of it got."""
    from faceedit.methods.catalogue import METHODS

    monkeypatch.setitem(METHODS, "toy", DESCRIPTOR)
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        Path(name).mkdir()


@pytest.fixture
def calls(monkeypatch, toy):
    """What the engine is called with, in place of a training."""
    from faceedit.training import engine

    calls = []

    def fake(build, request, options):
        calls.append((build, request, options))
        return engine.Outcome(6, True, 0, Path("x/toy-fast.safetensors"), {}, {})

    monkeypatch.setattr(engine, "train", fake)
    return calls


@pytest.mark.parametrize(
    ("name", "profile"), [("reggan", "fast"), ("secgan", "paper"), ("stargan", "paper")]
)
def test_without_a_profile_the_first_that_there_is_is_trained(run_main, calls, name, profile):
    assert run_main("train", name, "--data", "a", "--device", "cpu").code == 0
    ((build, request, _),) = calls
    assert build.__module__ == f"faceedit.methods.{name.replace('star', 'sec')}.tasks"
    assert (request.profile, request.folder) == (profile, Path("runs") / f"{name}-{profile}")


def test_data_that_is_missing_is_named_with_what_is_wanted(run_main, calls):
    for name in ("toy", "legan", "secgan", "identity"):
        result = run_main("train", name, "--data", "a", "--data", "nope")
        assert (result.code, calls) == (2, [])
        assert f"{name} learns from" in result.err
        assert "nope: no such file or folder" in result.err


def test_options_reach_the_engine(run_main, calls, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("steps = 4\nrate = 0.5\n")
    result = run_main(
        *TRAIN,
        *("--data", "b", "-o", tmp_path / "out", "--profile", "paper", "--recipe", recipe),
        *("--set", "rate=0.1", "--set", "dropout=0", "--from", "reggan", "--resume"),
        *("--max-minutes", "2", "--max-steps", "5", "--batch-size", "3", "--precision", "bf16"),
        *("--processes", "2", "--workers", "0", "--threads", "1", "--seed", "4"),
    )
    assert (result.code, result.out) == (0, "")
    assert "faceedit apply --weights x/toy-fast.safetensors" in result.err
    ((build, request, options),) = calls
    assert build.__module__ == "toy_gan"
    assert request.data == (Path("a"), Path("b"))
    assert request.overrides == {"steps": 4, "rate": 0.1, "dropout": 0}
    assert (request.profile, request.start, request.folder) == ("paper", "reggan", tmp_path / "out")
    assert (request.batch_size, request.seed, request.workers) == (3, 4, 0)
    assert request.device == torch.device("cpu")
    assert (options.resume, options.max_seconds, options.max_steps) == (True, 120.0, 5)
    assert (options.precision, options.processes, options.threads) == ("bf16", 2, 1)


def test_defaults(run_main, calls):
    assert run_main(*TRAIN).code == 0
    ((_, request, options),) = calls
    assert request.folder == Path("runs/toy-fast")
    assert (request.overrides, request.start, request.batch_size) == ({}, None, None)
    assert (options.resume, options.max_seconds, options.max_steps) == (False, math.inf, None)
    assert (options.precision, options.processes, options.save_seconds) == ("fp32", 1, 45.0)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["train", "regan", "--data", "a"],
            "unknown method 'regan'; did you mean reggan? known: reggan, ",
        ),
        (["train", "toy"], "--data"),
        ([*TRAIN, "--profile", "slow"], "--profile"),
        ([*TRAIN, "--precision", "fp8"], "--precision"),
        ([*TRAIN, "--max-steps", "0"], "--max-steps"),
        ([*TRAIN, "--set", "steps"], "write NAME=VALUE"),
        ([*TRAIN, "--recipe", "none.toml"], "none.toml"),
        ([*TRAIN, "--device", "gpu"], "unknown device 'gpu'"),
    ],
)
def test_wrong_usage_is_named(run_main, calls, args, message):
    result = run_main(*args)
    assert result.code == 2
    assert message in result.err
    assert not calls


@pytest.fixture
def run_toy(run_main, toy, tmp_path):
    pytest.importorskip("lightning.fabric")
    return lambda *args: run_main(*TRAIN, "-o", tmp_path / "out", "--workers", "0", *args)


def test_it_trains_and_goes_on(run_toy, tmp_path):
    result = run_toy("--set", "log_every=1", "--max-steps", "4")
    assert result.code == 0, result.err
    assert "stopped after step 4; go on with --resume" in result.err
    result = run_toy("--resume")
    assert result.code == 0, result.err
    checkpoint = tmp_path / "out" / "toy-fast.safetensors"
    assert f"wrote {checkpoint}" in result.err
    assert load_file(checkpoint)
    log = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert [r["step"] for r in log if "losses" in r] == [1, 2, 3, 4, 5, 6]
    # Without --resume it is not overwritten.
    result = run_toy()
    assert result.code == 2
    assert "go on with --resume" in result.err


def test_what_the_recipe_lacks_is_named(run_toy):
    result = run_toy("--set", "stesp=3")
    assert result.code == 2
    assert "no setting stesp" in result.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_leaves_with_its_code(run_toy, tmp_path, monkeypatch, number, code):
    please = ToyTask.please

    def stopped(self, batch):
        if self.step == 1:
            os.kill(os.getpid(), number)
        return please(self, batch)

    monkeypatch.setattr(ToyTask, "please", stopped)
    result = run_toy()
    assert result.code == code
    assert "go on with --resume" in result.err
    assert not (tmp_path / "out" / "toy-fast.safetensors").exists()
    monkeypatch.setattr(ToyTask, "please", please)
    result = run_toy("--resume")
    assert result.code == 0


def test_without_lightning_it_says_what_to_install(run_toy, monkeypatch):
    monkeypatch.delitem(sys.modules, "faceedit.training.fabric", raising=False)
    monkeypatch.setitem(sys.modules, "lightning", None)
    monkeypatch.setitem(sys.modules, "lightning.fabric", None)
    result = run_toy()
    assert result.code == 3
    assert "pip install 'faceedit[train]'" in result.err
