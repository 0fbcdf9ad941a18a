"""Two processes beside one; they are started as torchrun starts them, but faster."""

import json
import multiprocessing
import os
import socket

import pytest
import torch
import toy_gan
from safetensors.torch import load_file

from faceedit.training.engine import EngineOptions, train
from faceedit.training.task import TrainingRequest

SETTINGS = {"critic_turns": 2, "accumulate": 2, "dropout": 0.0, "validate_every": 2}
BATCH = 8


def ask(folder, told):
    return TrainingRequest(
        data=(),
        profile="fast",
        folder=folder,
        device=torch.device("cpu"),
        overrides=SETTINGS,
        batch_size=BATCH,
        workers=0,
        tell=told.append,
    )


def run_rank(rank, port, folder, results):
    """Train as one of two processes: some steps, and then, resumed, the rest."""
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "TORCHELASTIC_RUN_ID": "test",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    torch.set_num_threads(1)
    told, seen = [], []

    def build(request):
        # Weights that differ until the first process shares its own.
        torch.manual_seed(torch.initial_seed() + request.rank)
        task = toy_gan.ToyTask(request)
        seen.append(task.seen)
        return task

    first = train(build, ask(folder, told), EngineOptions(max_steps=3))
    second = train(build, ask(folder, told), EngineOptions(resume=True))
    checkpoints = [str(outcome.checkpoint) for outcome in (first, second)]
    results.put((rank, second.step, second.finished, checkpoints, bool(told), seen))


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def test_two_processes_do_what_one_does(tmp_path):
    pytest.importorskip("lightning.fabric")
    # Forks of a process that has loaded everything and never computed.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["toy_gan", "faceedit.training.fabric"])
    results = context.Queue()
    port, two = free_port(), tmp_path / "two"
    processes = [
        context.Process(target=run_rank, args=(rank, port, two, results)) for rank in range(2)
    ]
    for process in processes:
        process.start()
    one = tmp_path / "one"
    train(toy_gan.build, ask(one, []), EngineOptions())
    got = [results.get(timeout=120) for _ in processes]
    reports = {rank: report for rank, *report in got}
    for process in processes:
        process.join(30)
        assert process.exitcode == 0

    path = str(two / "toy-fast.safetensors")
    for rank, (step, finished, checkpoints, told, _) in reports.items():
        assert (step, finished) == (6, True)
        assert checkpoints == ([path, path] if rank == 0 else ["None", "None"])
        assert told == (rank == 0)
    # Each batch of eight: two portions, half of each in each process.
    numbers = [[n for name, _, n in reports[rank][4][0] if name == "generator"] for rank in (0, 1)]
    assert numbers[0][:2] == [[8, 9], [12, 13]]
    assert numbers[1][:2] == [[10, 11], [14, 15]]

    logs = [
        [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        for folder in (one, two)
    ]
    assert [r["step"] for r in logs[0]] == [r["step"] for r in logs[1]]
    for alone, together in zip(*logs, strict=True):
        for part in alone.keys() & {"losses", "validation", "rates"}:
            assert together[part] == pytest.approx(alone[part], rel=1e-3, abs=1e-4)
    alone, together = (load_file(f / "toy-fast.safetensors") for f in (one, two))
    for name in alone:
        # Adam makes much of the last digits.
        torch.testing.assert_close(alone[name], together[name], rtol=0.0, atol=5e-4)
