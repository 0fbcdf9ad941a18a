import pytest
import torch

from faceedit.device import pick_device, pick_devices
from faceedit.errors import DeviceError, UsageError


@pytest.fixture
def machine(monkeypatch):
    def set_up(cuda=0, mps=False, built_for_cuda=True):
        monkeypatch.setattr(torch.version, "cuda", "12.8" if built_for_cuda else None)
        monkeypatch.setattr(torch.version, "hip", None)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return set_up


def test_auto_takes_the_best_that_is_there(machine):
    machine(cuda=1, mps=True)
    assert pick_device() == torch.device("cuda", 0)
    machine(mps=True)
    assert pick_device("auto") == torch.device("mps")
    machine()
    assert pick_device("auto") == torch.device("cpu")


def test_a_named_device_is_taken(machine):
    machine(cuda=2, mps=True)
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("CUDA:1") == torch.device("cuda", 1)
    assert pick_device("cuda") == torch.device("cuda", 0)
    assert pick_device("mps") == torch.device("mps")


def test_a_missing_device_is_an_error(machine):
    machine(built_for_cuda=False)
    with pytest.raises(DeviceError, match="CPU build"):
        pick_device("cuda")
    machine()
    with pytest.raises(DeviceError, match="no CUDA device"):
        pick_device("cuda")
    with pytest.raises(DeviceError, match="Metal"):
        pick_device("mps")
    machine(cuda=2)
    with pytest.raises(DeviceError, match="cuda:0 to cuda:1"):
        pick_device("cuda:2")


@pytest.mark.parametrize("name", ["", "gpu", "cpu:0", "mps:1", "auto:0", "cuda:", "cuda:-1"])
def test_an_unknown_device_is_wrong_usage(name):
    with pytest.raises(UsageError, match="unknown device"):
        pick_device(name)


@pytest.mark.parametrize(
    ("name", "indices"), [("auto", [0, 1, 2]), ("cuda", [0, 1, 2]), ("cuda:1", [1])]
)
def test_every_gpu_has_its_work_unless_one_is_named(machine, name, indices):
    machine(cuda=3)
    assert pick_devices(name) == [torch.device("cuda", index) for index in indices]


def test_without_a_gpu_there_is_one_device():
    assert pick_devices("cpu") == [torch.device("cpu")]
