"""Methods with other conditions, made of `fields` alone."""

import subprocess
import sys

import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.lights import LIGHT_ORDER
from faceedit.methods.fields.condition import ConditionSpec
from faceedit.methods.fields.generator import FieldGenerator
from faceedit.methods.fields.method import FieldMethod
from faceedit.methods.fields.pairs_task import PairsTask
from faceedit.methods.fields.recipe import PairsRecipe
from faceedit.methods.fields.shade_fit import fit_shade_layer, shade_samples
from faceedit.methods.fields.shape_fit import Motions, fit_shape_layer
from faceedit.registry import load_checkpoint
from faceedit.targets import ACTION_UNITS, EXPRESSIONS, Expression, Target
from faceedit.training.engine import EngineOptions, train
from faceedit.training.pair_table import OWN_LIGHT, PairTable

RECIPE = {
    "steps": 6,
    "batch_size": 2,
    "components": made_up.COMPONENTS,
    "learning_rate": 1e-2,
    "warm_up": 1,
    "validate_every": 0,
    "adversary": {"begins": 0.5, "width": 4, "scales": 1},
}
HAPPY = EXPRESSIONS.index("happy")
SMILE = ACTION_UNITS.index(12)
LEFT = LIGHT_ORDER.index("left")


class Toy(FieldMethod):
    """Knows one target, which asks for one number."""

    targets = ("happy",)
    asked: int

    @classmethod
    def condition_of(cls, target):
        if {one.name for one in target.expressions} != {"happy"}:
            raise UsageError("this method knows happy alone")
        return torch.eye(cls.spec.width)[cls.asked] * target.expressions[0].strength

    @classmethod
    def sheet_targets(cls):
        return {"happy": Target((Expression("happy"),))}


class Units(Toy):
    name = "units"
    spec = ConditionSpec(tuple(f"AU{unit}" for unit in ACTION_UNITS))
    asked = SMILE


class Lights(Toy):
    name = "lights"
    spec = ConditionSpec(LIGHT_ORDER, swapped=(("left", "right"),))
    asked = LEFT


class ToyTask(PairsTask[PairsRecipe]):
    def __init__(self, request):
        super().__init__(PairsRecipe(), request)

    def build_generator(self):
        width = self.makes.spec.width
        config = made_up.tiny_config(24 + 12 + 2 + width, 24)
        return FieldGenerator(self.makes.spec, self.recipe.components, config)

    def fit_layers(self, generator, table, request):
        rows, conditions = self.choose_pairs(table)
        rows = rows[~table.validation[rows]]
        shade = fit_shade_layer(shade_samples(table, rows, conditions), self.makes.spec)
        generator.shade_layer.load_state_dict(shade.state_dict())


class UnitsTask(ToyTask):
    makes = Units

    def choose_pairs(self, table):
        conditions = table.action_units / np.float32(5)
        return np.flatnonzero(conditions.any(1)), conditions

    def fit_layers(self, generator, table, request):
        super().fit_layers(generator, table, request)
        shapes = made_up.shape_table()
        moved = {"AU12": shapes.calm + shapes.moved[:, HAPPY - 1, 0]}
        motions = Motions(shapes.landmarks, shapes.jaws, moved, bare=(shapes.calm,))
        shape = fit_shape_layer(motions, Units.spec, self.recipe.components, 1e-3)
        generator.shape_layer.load_state_dict(shape.state_dict())


class LightsTask(ToyTask):
    makes = Lights

    def choose_pairs(self, table):
        lit = np.flatnonzero(table.light != OWN_LIGHT)
        conditions = np.zeros((len(table), len(LIGHT_ORDER)), np.float32)
        assert table.light is not None
        conditions[lit, table.light[lit]] = 1.0
        return lit, conditions


def pairs() -> PairTable:
    """Two people, as they are and smiling; the smile is an action unit, and light from the left."""
    table = made_up.taken(made_up.pair_table(), [0, HAPPY, 8, 8 + HAPPY])
    smiling = np.array([False, True] * 2)
    units = np.zeros((4, 17), np.float32)
    units[smiling, SMILE] = 5.0
    return made_up.taken(
        table, range(4), action_units=units, light=np.where(smiling, LEFT, OWN_LIGHT)
    )


def loss_of(task) -> float:
    batch = [task.samples[number] for number in range(100, 104)]
    with torch.no_grad():
        return task._loss({k: torch.stack([b[k] for b in batch]) for k in batch[0]})["total"].item()


@pytest.mark.parametrize(("make", "width"), [(UnitsTask, 17), (LightsTask, 20)])
def test_a_method_of_another_width_trains_and_its_weights_load(make, width, request_for, tmp_path):
    pytest.importorskip("lightning.fabric")
    folder = made_up.write_table(tmp_path / "table", pairs())
    tasks, losses = [], []

    def begin(request):
        tasks.append(make(request))
        torch.nn.init.constant_(tasks[0].networks["generator"].refinement.output.bias, 0.3)
        losses.append(loss_of(tasks[0]))
        return tasks[0]

    outcome = train(begin, request_for("fast", RECIPE, data=(folder,)), EngineOptions())
    assert outcome.finished
    assert loss_of(tasks[0]) < 0.9 * losses[0]
    assert tasks[0].samples[0]["condition"].shape == (width,)
    assert outcome.metrics["ratio_slope"] > 0

    name = make.makes.name
    checkpoint = load_checkpoint(tmp_path / "run" / f"{name}-fast.safetensors", method=name)
    # Light from the left and from the right share one map.
    maps = width - len(make.makes.spec.swapped)
    assert checkpoint.tensors["shade_layer.maps"].shape[0] == maps
    method = make.makes.load(checkpoint, torch.device("cpu"))
    table = pairs()
    crop = Crop(table.pictures[1].astype(np.float32) / 255, table.landmarks[1, 0], np.eye(2, 3))
    (edit,) = method.edit([crop], Target((Expression("happy"),)))
    points = edit.details[0].points
    moved = np.abs(points.after - crop.landmarks[:, :2]).max()
    assert moved > 3 if make is UnitsTask else moved == 0
    assert edit.log_ratio.any()
    with pytest.raises(UsageError, match="happy alone"):
        method.edit([crop], Target((Expression("sad"),)))


def test_one_step_lowers_the_loss(request_for, tmp_path):
    folder = made_up.write_table(tmp_path / "table", pairs())
    task = UnitsTask(request_for("fast", RECIPE, data=(folder,)))
    generator = task.networks["generator"]
    torch.nn.init.constant_(generator.get_parameter("refinement.output.bias"), 0.3)
    batch = [task.samples[number] for number in range(4)]
    batch = {name: torch.stack([one[name] for one in batch]) for name in batch[0]}
    optimiser = torch.optim.Adam(generator.parameters(), 1e-3)
    before = task._loss(batch)["total"]
    before.backward()
    optimiser.step()
    assert task._loss(batch)["total"] < before


def test_left_light_in_a_mirror_is_right_light():
    spec = ConditionSpec(("left", "right", "top", "smirk"), ("smirk",), (("left", "right"),))
    assert spec.partners == (1, 0, 2, None)
    seen = spec.mirrored(np.array([0.5, 0.0, 1.0, 0.0]))
    assert seen is not None and seen.tolist() == [0.0, 0.5, 1.0, 0.0]
    assert spec.mirrored(np.array([0.5, 0.0, 1.0, 0.1])) is None


@pytest.mark.parametrize(
    "wrong", [{"names": ("a", "a")}, {"one_sided": ("c",)}, {"swapped": (("a", "b"), ("b", "a"))}]
)
def test_names_of_a_condition_are_named_once(wrong):
    with pytest.raises(ValueError):
        ConditionSpec(**{"names": ("a", "b"), **wrong})


def test_shade_that_swaps_sides_is_learned_from_both(tmp_path):
    spec = ConditionSpec(("left", "right"), swapped=(("left", "right"),))
    table = made_up.taken(made_up.pair_table(), [HAPPY])
    table.log_ratio[:, :, :64] = 0.2
    table.log_ratio[:, :, 64:] = -0.2
    conditions = np.array([[1.0, 0.0]], np.float32)
    layer = fit_shade_layer(shade_samples(table, [0], conditions), spec)
    left, right = layer(torch.eye(2))
    assert left.abs().max() > 0.01
    assert torch.equal(right, left.flip(2))


def test_what_goes_is_shaded_apart_from_what_comes(tmp_path):
    spec = ConditionSpec(("left", "right"), swapped=(("left", "right"),), signed=True)
    assert spec.parts(torch.tensor([[0.5, -1.0]])).tolist() == [[0.5, 0, 0, 1]]
    assert spec.part_partners == (1, 0, 3, 2)
    table = made_up.taken(made_up.pair_table(), [HAPPY, HAPPY])
    table.log_ratio[0] = 0.2
    table.log_ratio[1] = -0.3
    conditions = np.array([[1.0, 1.0], [-1.0, -1.0]], np.float32)
    layer = fit_shade_layer(shade_samples(table, [0, 1], conditions), spec)
    comes, goes, none = layer(torch.tensor([[1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]]))
    assert comes.max() > 0.05 and goes.min() < -0.05 and not none.any()


def test_the_shared_room_loads_no_method():
    code = (
        "import sys, faceedit.methods.fields.pairs_task, faceedit.methods.fields.tune_task\n"
        "print([name for name in sys.modules if name.startswith('faceedit.methods.reggan.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
