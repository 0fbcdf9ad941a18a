"""What tests of the engine share: a tiny task to train, and runs of it."""

import pytest
import torch
from toy_gan import ToyTask

from faceedit.training.engine import EngineOptions, train
from faceedit.training.task import TrainingRequest


@pytest.fixture
def run_toy(tmp_path):
    """Train the toy: ``run_toy("folder", {"steps": 3}, max_steps=2) -> (outcome, task)``."""
    pytest.importorskip("lightning.fabric")

    def run(folder="out", settings=None, *, request=None, task=ToyTask, **options):
        asked = {"data": (), "profile": "fast", "device": torch.device("cpu"), "workers": 0}
        asked |= {"overrides": settings or {}, **(request or {})}
        made = []

        def build(request):
            made.append(task(request))
            return made[-1]

        outcome = train(
            build, TrainingRequest(folder=tmp_path / folder, **asked), EngineOptions(**options)
        )
        return outcome, made[0]

    return run
