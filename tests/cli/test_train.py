import math
from pathlib import Path

import pytest

from faceedit.methods.reggan import train as train_module


@pytest.fixture
def trained(monkeypatch):
    """What `train_reggan` is called with, in place of a training."""
    calls = []

    def fake(*args):
        calls.append(args)
        args[3].tell("step 1")
        return Path("runs/x/reggan-fast.safetensors")

    monkeypatch.setattr(train_module, "train_reggan", fake)
    return calls


def test_options_reach_the_training(run_main, trained, tmp_path):
    result = run_main(
        *("train", "reggan", "--data", tmp_path, "-o", tmp_path / "out", "--profile", "paper"),
        *("--expression", "sad", "--resume", "--max-minutes", "2", "--steps", "5"),
        *("--batch-size", "3", "--device", "cpu", "--workers", "0", "--seed", "4"),
    )
    assert result.code == 0
    assert result.out == ""
    assert "step 1" in result.err
    assert "faceedit apply --weights" in result.err
    ((data, expression, profile, run, steps, batch_size, vgg),) = trained
    assert (data, expression, profile, steps, batch_size) == (tmp_path, "sad", "paper", 5, 3)
    assert vgg is None
    assert run.folder == tmp_path / "out"
    assert (run.resume, run.max_seconds, run.workers, run.seed) == (True, 120.0, 0, 4)
    assert run.device.type == "cpu"


def test_defaults(run_main, trained, tmp_path):
    assert run_main("train", "reggan", "--data", tmp_path, "--device", "cpu").code == 0
    ((_, expression, profile, run, steps, batch_size, _),) = trained
    assert (expression, profile, steps, batch_size) == ("happy", "fast", None, None)
    assert run.folder == Path("runs/reggan-fast")
    assert (run.resume, run.max_seconds, run.seed) == (False, math.inf, 0)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["stargan"], "unknown method 'stargan'"),
        (["reggan", "--profile", "slow"], "unknown profile 'slow'"),
        (["reggan", "--expression", "neutral"], "unknown target 'neutral'"),
        (["reggan", "--expression", "bored"], "unknown target 'bored'"),
        (["reggan", "--steps", "0"], "--steps"),
    ],
)
def test_wrong_usage_is_named(run_main, trained, tmp_path, args, message):
    result = run_main("train", *args, "--data", tmp_path)
    assert result.code == 2
    assert message in result.err
    assert not trained


@pytest.mark.parametrize("there", [True, False])
def test_no_training_data(run_main, tmp_path, there):
    data = tmp_path if there else tmp_path / "nowhere"
    result = run_main("train", "reggan", "--data", data, "--device", "cpu", "-o", tmp_path / "out")
    assert result.code == 2
    assert str(data) in result.err
    assert not (tmp_path / "out").exists()


def test_data_must_be_named(run_main):
    result = run_main("train", "reggan")
    assert result.code == 2
    assert "--data" in result.err


def test_vgg_is_for_the_paper_profile(run_main, tmp_path):
    result = run_main("train", "reggan", "--data", tmp_path, "--device", "cpu", "--vgg", "x.pth")
    assert result.code == 2
    assert "VGG-19" in result.err
