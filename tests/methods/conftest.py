from pathlib import Path

import pytest


@pytest.fixture
def tiny(monkeypatch):
    """Profiles of little width, and expression layers without their cost."""
    import made_up

    from faceedit.methods.fields.refinement import RefinementConfig
    from faceedit.methods.reggan import fit_layers, paper_task
    from faceedit.methods.reggan.expression_layer import ExpressionLayer

    def identity(table, strengths, rows, target, recipe, size=64):
        return ExpressionLayer(size, receptive_field=recipe.receptive_field)

    for module in (fit_layers, paper_task):
        monkeypatch.setattr(module, "fit_expression_layer", identity)

    monkeypatch.setattr(RefinementConfig, "fast", staticmethod(made_up.tiny_config))
    monkeypatch.setattr(RefinementConfig, "paper", staticmethod(made_up.tiny_config))


@pytest.fixture(scope="session")
def material(tmp_path_factory) -> Path:
    """A folder with everything that trainings of composed methods take."""
    import made_up
    import toy_light

    folder = made_up.write_table(tmp_path_factory.mktemp("material"), made_up.few_pairs())
    made_up.shape_table().save(folder / "shapes.npz")
    made_up.unit_shapes().save(folder / "unit-shapes.npz")
    toy_light.relief_table().save(folder / "reliefs-000.npz")
    return folder


@pytest.fixture
def request_for(tmp_path, material):
    """Make a request: ``request_for("fast", {"steps": 2}, data=()) -> TrainingRequest``."""
    import torch

    from faceedit.training.task import TrainingRequest

    def make(profile, overrides=None, **changes):
        asked = {
            "data": (material,),
            "folder": tmp_path / "run",
            "device": torch.device("cpu"),
            "workers": 0,
            **changes,
        }
        asked["folder"].mkdir(exist_ok=True)
        return TrainingRequest(profile=profile, overrides=overrides or {}, **asked)

    return make


@pytest.fixture
def train_reggan():
    """Train as the command does: ``train_reggan(request, max_steps=2) -> (outcome, task)``."""
    pytest.importorskip("lightning.fabric")
    from faceedit.methods.reggan.tasks import build
    from faceedit.training.engine import EngineOptions, train

    def run(request, before=lambda task: None, **options):
        made = []

        def begin(request):
            made.append(build(request))
            before(made[0])
            return made[0]

        return train(begin, request, EngineOptions(**options)), made[0]

    return run
