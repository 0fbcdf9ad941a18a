from dataclasses import dataclass, field

import pytest
import registry_hostile as hostile

from faceedit.errors import UsageError
from faceedit.methods.fields.recipe import FieldWeights, TuneRecipe
from faceedit.methods.reggan.recipe import FastRecipe, RegGANRecipe
from faceedit.training.recipe_file import merge, override, parse_settings, read_recipe


@dataclass(frozen=True)
class Weights:
    pixel: float = 100.0
    adversarial: float = 1.0


@dataclass(frozen=True)
class Recipe:
    steps: int = 10
    betas: tuple[float, float] = (0.5, 0.999)
    weights: Weights = field(default_factory=Weights)
    spectral: bool = False
    name: str | None = None


@dataclass(frozen=True)
class LongRecipe(Recipe):
    steps: int = 1000
    textures: int = 6


def test_what_is_not_named_stays():
    changed = override(Recipe(steps=3), {"weights": {"pixel": 5}, "betas": [0.1, 0.2]})
    assert changed == Recipe(3, (0.1, 0.2), Weights(5.0, 1.0))
    recipe = Recipe()
    assert override(recipe, {}) is recipe


def test_a_recipe_may_be_built_on_another():
    changed = override(LongRecipe(), {"weights": {"pixel": 5}, "betas": [0.1, 0.2], "textures": 2})
    assert type(changed) is LongRecipe
    assert changed == LongRecipe(weights=Weights(5.0), betas=(0.1, 0.2), textures=2)
    assert override(LongRecipe(), {"name": "mine"}).steps == 1000
    assert override(LongRecipe(), {"steps": 7}).steps == 7
    with pytest.raises(UsageError, match=r"no setting stesp; it has: steps, .*, textures"):
        override(LongRecipe(), {"stesp": 3})
    with pytest.raises(UsageError, match="steps = 'many'"):
        override(LongRecipe(), {"steps": "many"})


@pytest.mark.parametrize("kind", [FastRecipe, TuneRecipe])
def test_both_recipes_of_fields_take_what_they_share(kind):
    settings = {"learning_rate": 0.5, "weights": {"flow": 3.0}, "shape_ridge": 7.0}
    changed = override(kind(), settings)
    assert changed == kind(learning_rate=0.5, weights=FieldWeights(flow=3.0), shape_ridge=7.0)


@pytest.mark.parametrize("what", [*hostile.NO_FILES, *hostile.TOML])
def test_a_file_that_is_none_or_too_deep_is_refused(tmp_path, what):
    path = tmp_path / "recipe.toml"
    if what in hostile.TOML:
        path.write_bytes(hostile.TOML[what])
    else:
        hostile.NO_FILES[what](path)
    with pytest.raises(UsageError, match=r"recipe\.toml: cannot be read as a recipe"):
        read_recipe(path)


@pytest.mark.parametrize(
    "setting",
    ["epochs=1000000000", "learning_rate=nan", "learning_rate=-1", "weights.pixel=inf",
     "betas=[0.5, 2.0]", "latent_blocks=200000", "size=" + "9" * 5000],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(setting):
    name = setting.partition("=")[0].rpartition(".")[2]
    with pytest.raises(UsageError, match=name) as caught:
        override(RegGANRecipe(), parse_settings([setting]))
    assert len(str(caught.value)) < 300


def test_settings_are_not_nested_without_end():
    with pytest.raises(UsageError, match="cannot read --set"):
        parse_settings(["a." * 5000 + "a=1"])
    assert parse_settings(["a=" + "[" * 5000]) == {"a": "[" * 5000}


def test_a_file_is_read(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('steps = 4\nname = "mine"\n[weights]\npixel = 2.5\n')
    assert override(Recipe(), read_recipe(path)) == Recipe(4, weights=Weights(2.5), name="mine")


@pytest.mark.parametrize("content", ["steps = ", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "recipe.toml"
    if content:
        path.write_text(content)
    with pytest.raises(UsageError, match=r"recipe\.toml: cannot be read as a recipe"):
        read_recipe(path)


def test_settings_are_toml_or_text():
    settings = parse_settings(
        ["weights.pixel=3", "weights.adversarial = 0.5", "spectral=true", "name=my own", "steps=7"]
    )
    assert settings == {
        "weights": {"pixel": 3, "adversarial": 0.5},
        "spectral": True,
        "name": "my own",
        "steps": 7,
    }
    assert override(Recipe(), settings).weights == Weights(3.0, 0.5)


@pytest.mark.parametrize("setting", ["steps", "=3", "weights.=3"])
def test_settings_that_cannot_be_read_are_named(setting):
    with pytest.raises(UsageError, match="--set"):
        parse_settings([setting])


def test_later_settings_are_laid_over():
    below = {"steps": 1, "weights": {"pixel": 1}}
    assert merge(below, {"weights": {"adversarial": 2}}) == {
        "steps": 1,
        "weights": {"pixel": 1, "adversarial": 2},
    }
    assert below == {"steps": 1, "weights": {"pixel": 1}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stesp": 3}, "no setting stesp; it has: steps, betas"),
        ({"weights": {"pixels": 3}}, r"weights\.pixels; its table weights has: pixel, adv"),
        ({"steps": "many"}, "steps = 'many': .*integer"),
        ({"weights": {"pixel": "x"}}, r"weights\.pixel = 'x'"),
        ({"weights": 3}, "weights = 3"),
        ({"betas": [0.5]}, "betas"),
    ],
)
def test_what_does_not_fit_is_named(settings, message):
    with pytest.raises(UsageError, match=message):
        override(Recipe(), settings)
