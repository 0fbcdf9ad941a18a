import pytest

from faceedit import machine
from faceedit.errors import UsageError
from faceedit.machine import check_room, cores, memory

GB = 2**30


def test_a_containers_share_of_the_cores_counts(monkeypatch, tmp_path):
    share = tmp_path / "cpu.max"
    monkeypatch.setattr(machine, "_SHARE", share)
    free = cores()
    for text, there in (("max 100000", free), ("50000 100000", 1), ("99900000 100000", free)):
        share.write_text(text)
        assert cores() == there


def test_no_more_processes_than_the_memory_holds(monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: 4 * GB)
    check_room("--workers", 8)
    with pytest.raises(UsageError, match=r"--workers: 9 processes .* 4\.5 GB .* room for 8"):
        check_room("--workers", 9)
    monkeypatch.setattr(machine, "memory", lambda: 1000)
    check_room("--workers", 1)


@pytest.fixture
def groups(monkeypatch, tmp_path):
    """Pretend to control groups: ``groups("0::/a", {"a/memory.max": "100"})``."""
    monkeypatch.setattr(machine, "_TREE", tmp_path / "tree")
    monkeypatch.setattr(machine, "_GROUPS", tmp_path / "cgroup")

    def make(lines, limits):
        (tmp_path / "cgroup").write_text(lines)
        for name, text in limits.items():
            path = tmp_path / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return make


def test_memory_without_groups(groups):
    assert memory() > GB / 4


@pytest.mark.parametrize(
    ("lines", "limits"),
    [
        ("0::/\n", {"memory.max": "1000000"}),
        ("0::/user/run\n", {"user/run/memory.max": "max", "user/memory.max": "1000000"}),
        ("0::/outside/name\n", {"memory.max": "1000000"}),
        (
            "4:cpu,memory:/box/own\n0::/\n",
            {
                "memory/box/own/memory.limit_in_bytes": "1000000\n",
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
        ),
    ],
)
def test_a_containers_limit_counts(groups, lines, limits):
    groups(lines, limits)
    assert memory() == 1_000_000


def test_a_limit_above_what_is_there_counts_for_nothing(groups):
    free = memory()
    groups("0::/\n", {"memory.max": str(free * 4)})
    assert memory() == free


def test_a_limit_of_the_process_counts(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (3_000_000, -1))
    assert memory() == 3_000_000
