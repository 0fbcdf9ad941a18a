import pytest

from faceedit.batch import crew
from faceedit.batch.crew import Crew, gather_crew, pace_of
from faceedit.batch.pipeline import Pace
from faceedit.errors import UsageError

GB = 2**30


@pytest.fixture
def machine(monkeypatch):
    """Pretend to a machine: ``machine(cores=8, gigabytes=64)``."""

    def make(cores, gigabytes):
        monkeypatch.setattr(crew, "cores", lambda: cores)
        monkeypatch.setattr(crew, "memory", lambda: gigabytes * GB)

    return make


@pytest.mark.parametrize(
    ("cores", "gigabytes", "photos", "workers", "processes"),
    [
        (2, 24, 10_000, None, 2),
        (64, 256, 10_000, None, 8),
        (64, 7, 10_000, None, 2),
        (4, 1, 10_000, None, 1),
        (8, 64, 1, None, 1),
        (8, 64, 79, None, 1),
        (8, 64, 80, None, 2),
        (2, 4, 10_000, 5, 5),
        (2, 24, 3, 5, 3),
        (2, 24, 10_000, 1, 1),
    ],
)
def test_processes_on_a_cpu(machine, cores, gigabytes, photos, workers, processes):
    machine(cores, gigabytes)
    assert gather_crew(["cpu"], photos, workers) == Crew(("cpu",) * (processes - 1), 1)


def test_processes_have_room(monkeypatch):
    monkeypatch.setattr("faceedit.machine.memory", lambda: 4 * GB)
    assert gather_crew(["cpu"], 8, 256).processes == 8
    with pytest.raises(UsageError, match="room for 8"):
        gather_crew(["cpu"], 9, 256)


@pytest.mark.parametrize(
    ("devices", "workers", "helpers", "io_threads"),
    [
        (["cuda:0"], None, [], 16),
        (["cuda:0", "cuda:1"], None, ["cuda:1"], 8),
        (["cuda:0", "cuda:1"], 2, ["cuda:1", "cuda:0", "cuda:1"], 4),
        (["mps"], 3, ["mps", "mps"], 5),
    ],
)
def test_every_gpu_has_its_processes(machine, devices, workers, helpers, io_threads):
    machine(16, 64)
    assert gather_crew(devices, 10_000, workers) == Crew(tuple(helpers), io_threads)


def test_few_read_at_once():
    assert pace_of(16, 8) == Pace(readers=4, finishers=16, batch=8)
    assert pace_of(1, 1) == Pace()
