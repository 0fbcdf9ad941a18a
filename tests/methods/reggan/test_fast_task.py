import json

import made_up
import numpy as np
import pytest
import torch

from faceedit.compose.details import EyesDetail
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.methods.fields import pairs_task
from faceedit.methods.fields import task as field_task
from faceedit.methods.fields.samples import FieldSamples
from faceedit.methods.fields.task import export_fields, sheet_row
from faceedit.methods.reggan import fast_task
from faceedit.methods.reggan.condition import BLOCKS
from faceedit.methods.reggan.fast_task import FastTask, build_generator
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.method import RegGAN, load
from faceedit.methods.reggan.recipe import FastRecipe, LayerRecipe
from faceedit.methods.reggan.tasks import build
from faceedit.nn.attention import AttentionUnit
from faceedit.registry import load_checkpoint
from faceedit.targets import EXPRESSIONS, Expression, Target, parse_target

CPU = torch.device("cpu")
FIELDS = "expression_layers.0.weight"
BIAS = "refinement.output.bias"
HAPPY = EXPRESSIONS.index("happy")
RECIPE = {
    "steps": 6,
    "batch_size": 2,
    "components": made_up.COMPONENTS,
    "shape_ridge": 1e-3,
    "learning_rate": 1e-2,
    "warm_up": 1,
    "validate_every": 0,
    "latent_blocks": 1,
    "adversary": {"begins": 0.5, "width": 4, "scales": 1},
}


@pytest.fixture
def quick(monkeypatch):
    """Sheets and scores without their cost."""
    monkeypatch.setattr(field_task, "sheet_row", lambda method, pixels, landmarks: [pixels] * 9)


def loss_of(task: FastTask) -> float:
    """The loss of one batch, always the same."""
    batch = [task.samples[number] for number in range(100, 104)]
    with torch.no_grad():
        return task._loss({k: torch.stack([b[k] for b in batch]) for k in batch[0]})["total"].item()


def test_from_tables_to_weights_that_edit(tiny, quick, request_for, train_reggan, tmp_path):
    told, losses = [], []

    def spoil(task: FastTask) -> None:
        # The layers know these people too well for a network to better them.
        torch.nn.init.constant_(task.networks["generator"].get_parameter(BIAS), 0.3)
        losses.append(loss_of(task))

    outcome, task = train_reggan(
        request_for("fast", RECIPE, tell=told.append, judge=lambda *_: {"ecs": 0.5}), spoil
    )
    assert outcome.finished
    assert loss_of(task) < 0.8 * losses[0]
    assert set(outcome.losses) == {
        *(f"fields/{name}" for name in ("flow", "log_ratio", "edges", "tone", "eyeglasses")),
        *("fields/adversarial", "fields/matching", "fields/total", "critic/total"),
    }
    assert set(outcome.metrics) == {
        *("flow_error", "layers_flow_error", "ratio_slope", "layers_ratio_slope", "tone_error"),
        *("spectacles_found", "spectacles_made_up", "ecs"),
    }
    # The layers alone know how somebody moves whom they have not seen.
    assert outcome.metrics["layers_flow_error"] < 0.01
    assert (tmp_path / "run" / "sheet-000006.jpg").is_file()
    assert "shape layer: 9 faces" in told
    assert "shade layer: 3 pairs" in told

    checkpoint = load_checkpoint(tmp_path / "run" / "reggan-fast.safetensors", method="reggan")
    assert checkpoint.metadata["step"] == "6"
    assert json.loads(checkpoint.metadata["recipe"])["steps"] == 6
    assert all(t.dtype != torch.float32 for t in checkpoint.tensors.values())
    method = load(checkpoint, CPU)
    assert isinstance(method, RegGAN)
    table = made_up.pair_table()
    before, after = table.landmarks[8 + HAPPY]
    crop = Crop(table.pictures[8 + HAPPY].astype(np.float32) / 255, before, np.eye(2, 3))
    edit = method.edit([crop], Target((Expression("happy"),)))[0]
    eyes = edit.details[0]
    assert isinstance(eyes, EyesDetail)
    # Corners of mouths that open are brought down beyond what was learned; lips keep their volume.
    off = np.abs(eyes.points.after - after[:, :2]).max(1)[made_up.ABOVE_LIPS]
    assert np.percentile(off, 80) < 0.5 and off.max() < 2


def test_a_training_goes_on_with_what_was_fitted(
    tiny, quick, request_for, train_reggan, tmp_path, monkeypatch
):
    recipe = {**RECIPE, "steps": 2}
    whole = request_for("fast", recipe, folder=tmp_path / "whole")
    parts = request_for("fast", recipe, folder=tmp_path / "parts")
    train_reggan(whole)
    train_reggan(parts, max_steps=1)
    monkeypatch.setattr(fast_task, "fit_layers", lambda *args: pytest.fail("fitted again"))
    monkeypatch.setattr(pairs_task, "prepare", lambda *args: pytest.fail("fitted again"))
    outcome, _ = train_reggan(parts, resume=True)
    assert outcome.finished
    one, two = (
        load_checkpoint(tmp_path / name / "reggan-fast.safetensors").tensors
        for name in ("whole", "parts")
    )
    assert one.keys() == two.keys()
    assert [name for name in one if not torch.equal(one[name], two[name])] == []


def test_a_training_goes_on_without_what_it_was_made_from(
    tiny, request_for, material, monkeypatch, tmp_path
):
    begun = build(request_for("fast", RECIPE))
    monkeypatch.setattr(fast_task, "find_archive", lambda *_: pytest.fail("read again"))
    folder = made_up.write_table(tmp_path / "pairs alone", made_up.few_pairs())
    again = build(request_for("fast", RECIPE, data=(folder,), resumed=True))
    assert isinstance(begun, FastTask)
    assert isinstance(again, FastTask)
    assert torch.equal(again.samples[0]["moved"], begun.samples[0]["moved"])


def test_with_weights_to_begin_with_no_shapes_are_read(tiny, request_for, tmp_path):
    begun = RegGANGenerator(made_up.COMPONENTS)
    begun.shade_layer.maps[:] = 0.25
    start = export_fields(tmp_path / "start.safetensors", RegGAN, begun, {})
    folder = made_up.write_table(tmp_path / "pairs alone", made_up.few_pairs())
    task = build(request_for("fast", RECIPE, data=(folder,), start=str(start)))
    assert isinstance(task, FastTask)
    assert (task.networks["generator"].get_buffer("shade_layer.maps") == 0.25).all()
    again = build(request_for("fast", {**RECIPE, "refit": True}, folder=tmp_path, start=str(start)))
    assert isinstance(again, FastTask)
    assert (again.networks["generator"].get_buffer("shade_layer.maps") != 0.25).any()


def test_only_people_to_train_on_are_trained_on(tiny, request_for):
    task = build(request_for("fast", RECIPE))
    assert isinstance(task, FastTask)
    assert len(task.pairs) == 6
    assert isinstance(task.samples, FieldSamples)
    assert task.samples.rows.tolist() == [0, 1, 2]
    assert (task.schedule.steps, task.schedule.batch_size, task.schedule.rate) == (6, 2, "cosine")
    assert build(request_for("fast", RECIPE, batch_size=3)).schedule.batch_size == 3


def test_without_people_to_validate_on_it_looks_at_the_others(tiny, quick, request_for, tmp_path):
    some = made_up.taken(made_up.few_pairs(), range(3))
    folder = made_up.write_table(tmp_path / "data", some)
    made_up.shape_table().save(folder / "shapes.npz")
    task = build(request_for("fast", RECIPE, data=(folder,)))
    assert task.validate(task.networks) == {}
    rows, titles = task.pictures(task.networks) or ([], [])
    assert len(rows) == 1
    assert titles == ["input", *EXPRESSIONS]


def test_expression_layers_have_the_recipes_field(tiny, request_for):
    generator = build_generator(FastRecipe(components=3, layer=LayerRecipe(receptive_field=3)))
    assert {v.shape[1] for k, v in generator.state_dict().items() if FIELDS in k} == {9}
    again = RegGANGenerator.from_architecture(generator.architecture())
    again.load_state_dict(generator.state_dict())
    # Weights of before knew no other field.
    old = {k: v for k, v in generator.architecture().items() if k != "field"}
    assert RegGANGenerator.from_architecture(old).receptive_field == 5


def test_strength_1_is_calibrated_after_a_training():
    values = RegGANGenerator(3, calibration={"happy": 1.2}).architecture()
    generator = RegGANGenerator.from_architecture(json.loads(json.dumps(values)))
    shares = RegGAN.condition_of(parse_target("happy:0.5+sad:0.5"))
    asked = dict(zip(BLOCKS, generator.calibrated(shares).tolist(), strict=True))
    assert asked == pytest.approx(dict.fromkeys(BLOCKS, 0) | {"calm": 1, "happy": 0.6, "sad": 0.5})
    for strength, wanted in ((1.0, 1.2), (1.25, 1.35), (1.5, 1.5)):
        shares = RegGAN.condition_of(parse_target({"happy": strength}))
        assert generator.calibrated(shares).max() == pytest.approx(wanted)
    for wrong in ({"happy": 2.0}, {"hapy": 1.0}):
        with pytest.raises(ValueError, match="a calibration"):
            RegGANGenerator.from_architecture({**values, "calibration": wrong})


def test_a_sheet_shows_everybody_once(tiny, quick, request_for):
    task = build(request_for("fast", RECIPE))
    rows, _ = task.pictures(task.networks) or ([], [])
    assert [row[0].shape for row in rows] == [(256, 256, 3)]
    np.testing.assert_array_equal(rows[0][0], made_up.pair_table().pictures[8])


def test_a_row_of_a_sheet_shows_every_target():
    method = RegGAN(made_up.tiny_generator())
    table = made_up.pair_table()
    row = sheet_row(method, table.pictures[0], table.landmarks[0, 0])
    assert len(row) == 9
    assert all(p.shape == (256, 256, 3) and p.dtype == np.uint8 for p in row)
    np.testing.assert_array_equal(row[0], table.pictures[0])
    assert not np.array_equal(row[1 + HAPPY], row[0])


@pytest.mark.parametrize(
    ("changes", "units", "latent"),
    [({}, 16, 10), ({"attention": False}, 0, 10), ({"latent_blocks": 0}, 6, 0)],
)
def test_ablations_change_the_architecture(changes, units, latent):
    generator = build_generator(FastRecipe(components=3, **changes))
    assert sum(isinstance(m, AttentionUnit) for m in generator.modules()) == units
    assert len(generator.refinement.latent) == latent
    kept = generator.architecture()["refinement"]
    assert (kept["attention"], kept["latent_blocks"]) == (bool(units), latent)
    assert generator.components == 3


def test_unknown_profiles_and_settings_are_named(request_for):
    with pytest.raises(UsageError, match="no profile 'slow'; it has: fast, paper"):
        build(request_for("slow"))
    for profile in ("fast", "paper"):
        with pytest.raises(UsageError, match="no setting stesp"):
            build(request_for(profile, {"stesp": 3}))
