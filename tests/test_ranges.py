import dataclasses
import typing

import pytest

from faceedit.methods.fields import recipe as fields
from faceedit.methods.fields.refinement import RefinementConfig
from faceedit.methods.legan import recipe as legan
from faceedit.methods.reggan import recipe as reggan
from faceedit.ranges import Ranged, check_ranges, ranged
from faceedit.training.recognisers.augment import Augmentation
from faceedit.training.recognisers.expression import ExpressionRecipe
from faceedit.training.recognisers.identity import IdentityRecipe
from faceedit.training.recognisers.looks import LooksRecipe
from faceedit.training.recognisers.naturalness_samples import NaturalnessRecipe
from faceedit.training.recognisers.parsing import ParsingRecipe
from faceedit.training.recognisers.task import RecogniserRecipe

RECIPES = (
    reggan.LossWeights, reggan.LayerRecipe, reggan.RegGANRecipe, reggan.FastRecipe,
    fields.Amplitudes, fields.FieldWeights, fields.AdversaryRecipe, fields.TuneRecipe,
    legan.LossWeights, legan.LEGANRecipe,
    ExpressionRecipe, IdentityRecipe, LooksRecipe, NaturalnessRecipe, ParsingRecipe, Augmentation,
)  # fmt: skip
SOUND = [(recipe, recipe()) for recipe in RECIPES]
SOUND += [(RecogniserRecipe, RecogniserRecipe()), (RefinementConfig, RefinementConfig.paper())]
WRONG = (float("nan"), float("inf"), -1e12, 1e12, "many", None)


def holds_numbers(hint) -> bool:
    kinds = set(typing.get_args(hint)) or {hint}
    return kinds <= {int, float}


@pytest.mark.parametrize(("kind", "sound"), SOUND, ids=lambda one: getattr(one, "__name__", ""))
def test_every_number_of_a_recipe_has_a_range(kind, sound):
    numbers = [name for name, hint in typing.get_type_hints(kind).items() if holds_numbers(hint)]
    for name in numbers:
        several = isinstance(getattr(sound, name), tuple)
        for wrong in WRONG:
            with pytest.raises(ValueError, match=name):
                dataclasses.replace(sound, **{name: (wrong, wrong) if several else wrong})


def test_whole_numbers_are_whole_and_lists_short():
    check_ranges(size=(8, 1, 8), share=(1, 0.0, 1.0), widths=([1, 2], 1, 2))
    for wrong in (9, 0, 1.0, True, "1", [1] * 17, []):
        with pytest.raises(ValueError, match="size"):
            check_ranges(size=(wrong, 1, 8))
    with pytest.raises(ValueError, match=r"widths is 1000000000000000000000000000000000000000…"):
        check_ranges(widths=([10**400], 1, 8))


def test_a_field_without_a_default_must_be_given():
    @dataclasses.dataclass(frozen=True)
    class Recipe(Ranged):
        steps: int = ranged(1, 10)

    assert Recipe(3).steps == 3
    with pytest.raises(TypeError, match="steps"):
        Recipe()
