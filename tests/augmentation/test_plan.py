"""Which pictures are made of which photos."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from faceedit.augmentation.collection import Collection, Original, class_part_of, collection_of
from faceedit.augmentation.plan import plan_pictures
from faceedit.augmentation.recipe import (
    Recipe,
    parse_classes,
    parse_lights,
    parse_splits,
    parse_strength,
    parse_yaw,
)
from faceedit.augmentation.table import summary_of
from faceedit.errors import UsageError
from faceedit.targets import EXPRESSIONS, Part, Turn

RANGE = (0.7, 1.2)


def photo(place, expression, person="", split="", label=None):
    label = expression if label is None else label
    part = class_part_of(place, label, expression)
    return Original(Path(place), place, label, expression, person or place, split, part, {})


def photos(split="train", **counts):
    """So many photos of each expression, each person with one of each as far as they go."""
    return [
        photo(f"{split}/{name}/{number}.jpg", name, f"{split}-{number}", split)
        for name, count in counts.items()
        for number in range(count)
    ]


def collection(*originals) -> Collection:
    return collection_of(Path(), originals)


def made_of(plan):
    return {one.place: (one.source.place, str(one.target)) for one in plan.made}


def classes_of(plan, originals):
    counts = Counter((one.split, one.expression) for one in originals)
    counts.update((one.source.split, one.expression) for one in plan.made)
    return counts


BOTH = [*photos(neutral=6, happy=3, sad=1), *photos("val", neutral=2, sad=4)]
RECIPE = Recipe(classes=("happy", "neutral", "sad"), strength=RANGE)


def test_all_classes_of_a_split_become_equally_large():
    plan = plan_pictures(collection(*BOTH), RECIPE)
    assert classes_of(plan, BOTH) == {
        **{("train", name): 6 for name in RECIPE.classes},
        **{("val", name): 4 for name in RECIPE.classes},
    }
    assert plan.short == {}
    rows = list(summary_of(collection(*BOTH), plan))
    assert rows[:3] == [
        ("happy", "train", "3", "3", "6"),
        ("neutral", "train", "6", "0", "6"),
        ("sad", "train", "1", "5", "6"),
    ]


def test_made_pictures_stay_with_their_people_and_go_to_their_class():
    for one in plan_pictures(collection(*BOTH), RECIPE).made:
        assert one.place.split("/")[:2] == [one.source.split, one.expression]
        assert one.source.expression != one.expression
        assert [term.text for term in one.target.terms] == [one.expression]
        assert RANGE[0] <= one.target.strength <= RANGE[1]


def test_a_plan_depends_on_nothing_but_photos_and_seed():
    plan = plan_pictures(collection(*BOTH), RECIPE)
    assert made_of(plan_pictures(collection(*reversed(BOTH)), RECIPE)) == made_of(plan)
    other = made_of(plan_pictures(collection(*BOTH), replace(RECIPE, seed=1)))
    assert other != made_of(plan)


def test_more_photos_leave_what_was_drawn():
    before = photos(neutral=8)
    recipe = Recipe(classes=("neutral", "happy"), lights=("left", "right", "top"), strength=RANGE)
    made = made_of(plan_pictures(collection(*before), recipe))
    more = [*before, photo("train/neutral/new.jpg", "neutral", "new", "train")]
    assert made.items() < made_of(plan_pictures(collection(*more), recipe)).items()


def test_neutral_photos_come_first_and_people_take_turns():
    people = [photo(f"neutral/{n}.jpg", "neutral", f"person {n % 3}") for n in range(6)]
    others = [photo(f"happy/{n}.jpg", "happy", f"person {n}") for n in range(8)]
    made = plan_pictures(collection(*people, *others), Recipe(classes=("sad",))).made
    assert len(made) == 8
    assert {one.source.place for one in made} > {one.place for one in people}
    per_person = Counter(one.source.person for one in made)
    # Two of each who has neutral photos, then one of those who gave none.
    assert sorted(per_person.values()) == [1, 1, 2, 2, 2]


def test_people_give_equally_much_over_all_classes():
    originals = [*photos(neutral=6, happy=3, sad=3)]
    recipe = Recipe(classes=("happy", "sad", "angry"))
    uses = Counter(one.source.person for one in plan_pictures(collection(*originals), recipe).made)
    assert set(uses.values()) == {2}


def test_no_photo_is_taken_more_often_than_allowed_and_what_lacks_is_told():
    originals = photos(neutral=3, happy=9)
    recipe = Recipe(classes=("happy", "neutral", "sad"), strength=RANGE, per_photo=1)
    plan = plan_pictures(collection(*originals), recipe)
    assert max(Counter(one.source.place for one in plan.made).values()) == 1
    # 6 and 9 are lacking, and 12 photos are there: both classes end equally large.
    counts = classes_of(plan, originals)
    assert len(plan.made) == 12
    assert (counts["train", "sad"], counts["train", "neutral"]) == (7, 8)
    assert plan.short == {("sad", "train"): 2, ("neutral", "train"): 1}


def test_classes_grow_to_a_number():
    originals = photos(neutral=6, happy=2)
    recipe = Recipe(classes=("happy", "neutral"), strength=RANGE, per_class=5)
    counts = classes_of(plan_pictures(collection(*originals), recipe), originals)
    assert counts == {("train", "happy"): 5, ("train", "neutral"): 6}


def test_without_a_range_no_photo_gives_one_class_two_pictures():
    originals = photos(neutral=2, happy=9)
    plan = plan_pictures(collection(*originals), Recipe(classes=("happy", "neutral", "sad")))
    pairs = Counter((one.source.place, one.expression) for one in plan.made)
    assert set(pairs.values()) == {1}
    two = photos(happy=2, sad=9)
    recipe = Recipe(classes=("happy",), strength=RANGE)
    assert plan_pictures(collection(*two), recipe).short == {}
    short = plan_pictures(collection(*photos(neutral=9, sad=1)[8:]), Recipe(classes=("happy",)))
    assert short.short == {}


def test_each_photo_in_other_lights():
    originals = [photo("cats/a.jpg", "", label="cats"), photo("happy/b.jpg", "happy")]
    recipe = Recipe(lights=("left", "right", "top"), per_photo=2, strength=(0.8, 0.8))
    plan = plan_pictures(collection(*originals), recipe)
    assert Counter((one.source.place, one.label) for one in plan.made) == {
        ("cats/a.jpg", "cats"): 2,
        ("happy/b.jpg", "happy"): 2,
    }
    lights = [one.target.terms[0].text for one in plan.made]
    assert lights[0] != lights[1]
    assert all(one.target.parts == (Part.LIGHT,) for one in plan.made)
    assert all(one.target.strength == 0.8 for one in plan.made)
    assert all(one.place.startswith(one.source.place[:-4] + "-") for one in plan.made)
    # Another light in the list changes only what gets that light.
    more = plan_pictures(collection(*originals), replace(recipe, lights=(*recipe.lights, "dim")))
    kept = [name for name, target in made_of(more).items() if "dim" not in target[1]]
    assert set(kept) <= {
        *made_of(plan_pictures(collection(*originals), replace(recipe, per_photo=3)))
    }
    # There are three, and no fourth.
    assert len(plan_pictures(collection(*originals), replace(recipe, per_photo=9)).made) == 6
    one = plan_pictures(collection(*originals), replace(recipe, per_photo=None))
    assert len(one.made) == 2


def test_expressions_in_other_lights():
    recipe = Recipe(classes=("happy", "sad"), lights=("left", "right"), strength=RANGE)
    for one in plan_pictures(collection(*photos(neutral=9)), recipe).made:
        assert one.target.parts == (Part.EXPRESSION, Part.LIGHT)
        assert one.label == one.target.expressions[0].name


def test_heads_turn_by_what_was_drawn():
    recipe = Recipe(yaw=(-20.0, 20.0), per_photo=3)
    plan = plan_pictures(collection(*BOTH), recipe)
    assert set(Counter(one.source.place for one in plan.made).values()) == {3}
    assert all(one.target.parts == (Part.TURN,) for one in plan.made)
    terms = [term for one in plan.made for term in one.target.terms]
    yaws = [one.yaw for one in terms if isinstance(one, Turn)]
    assert len(yaws) == len(terms) == len(plan.made)
    assert -20 <= min(yaws) < -8
    assert 8 < max(yaws) <= 20
    assert len({one.place for one in plan.made}) == len(plan.made)
    # A photo's label, person and split are those of what is made of it.
    assert all((one.label, one.expression) == (one.source.label,) * 2 for one in plan.made)
    assert all(one.place.startswith(one.source.split + "/") for one in plan.made)
    assert made_of(plan_pictures(collection(*reversed(BOTH)), recipe)) == made_of(plan)
    other = made_of(plan_pictures(collection(*BOTH), replace(recipe, seed=1)))
    assert set(other.values()) != set(made_of(plan).values())


def test_turns_go_with_expressions_and_lights():
    recipe = Recipe(classes=("happy", "sad"), lights=("left",), yaw=(5.0, 10.0))
    for one in plan_pictures(collection(*photos(neutral=5)), recipe).made:
        assert one.target.parts == (Part.TURN, Part.EXPRESSION, Part.LIGHT)
    # Turns are no other class's business: what else was drawn stays.
    plain = plan_pictures(collection(*BOTH), RECIPE).made
    turned = plan_pictures(collection(*BOTH), replace(RECIPE, yaw=(-9.0, 9.0))).made
    strengths = {(one.source.place, one.label): one.target.terms[-1].strength for one in plain}
    assert all(
        strengths[one.source.place, one.label] == one.target.terms[-1].strength
        for one in turned
        if (one.source.place, one.label) in strengths
    )


def test_only_some_splits():
    recipe = replace(RECIPE, splits=("train",))
    assert {one.source.split for one in plan_pictures(collection(*BOTH), recipe).made} == {"train"}


def test_a_class_keeps_the_collections_spelling():
    originals = [
        photo("Neutrality/a.jpg", "neutral", label="Neutrality"),
        photo("Neutrality/b.jpg", "neutral", label="Neutrality"),
        photo("Joy/c.jpg", "happy", label="Joy"),
    ]
    plan = plan_pictures(collection(*originals), Recipe(classes=("happy", "sad")))
    where = {one.place.split("/")[0]: one.label for one in plan.made}
    assert where == {"Joy": "Joy", "sad": "sad"}


def test_names_are_told_apart_and_fit():
    long = "x" * 250
    originals = [photo(f"neutral/{n}/{long}.jpg", "neutral") for n in range(2)]
    recipe = Recipe(classes=("happy",), strength=RANGE)
    names = [one.place.split("/")[-1] for one in plan_pictures(collection(*originals), recipe).made]
    assert len(set(names)) == 2
    assert all(len(name) <= 255 and name.endswith(".jpg") for name in names)


def test_recipes_are_read():
    assert parse_lights("Left, top,left", "auto") == ("left", "top")
    assert len(parse_lights("random", "auto")) > 1
    assert parse_classes("joy,sad", "reggan", collection(*BOTH)) == ("happy", "sad")
    assert parse_classes(None, "reggan", collection(*BOTH)) == ("happy", "neutral", "sad")
    assert set(parse_classes("all", "reggan", collection(*BOTH))) == set(EXPRESSIONS)
    assert parse_splits("val", collection(*BOTH)) == ("val",)
    assert parse_yaw("Random") == (-15, 15)
    assert parse_yaw(None) is None


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: parse_strength("much"), "the least strength is 'much'"),
        (lambda: parse_strength("0"), "strengths go from 0 to 0"),
        (lambda: parse_strength("1:0.5"), "strengths go from 1 to 0.5"),
        (lambda: parse_lights("left,lefft", "auto"), "unknown light 'lefft'; did you mean left"),
        (
            lambda: parse_classes("hapy", "auto", collection(*BOTH)),
            "unknown class 'hapy'; did you mean happy",
        ),
        (
            lambda: parse_classes(None, "auto", collection(photo("1/a.jpg", "", label="1"))),
            "no class of the collection is an expression: 1; expressions: neutral, happy",
        ),
        (
            lambda: parse_classes(None, "auto", collection(*photos(neutral=2))),
            "all photos are neutral: name the classes that are to be made with --classes",
        ),
        (
            lambda: parse_splits("test", collection(*BOTH)),
            "unknown split 'test'; known: train, val",
        ),
        (lambda: parse_yaw("5:5"), "turns go from 5 to 5"),
        (lambda: parse_yaw("10"), "the turn is ''"),
        (lambda: parse_yaw("-60:60"), "the turn is '-60'"),
        (Recipe, "nothing would be made"),
        (lambda: Recipe(classes=("happy",), per_photo=0), "pictures of a photo are counted from 1"),
        (lambda: Recipe(classes=("happy",), seed=-1), "the seed is -1"),
    ],
)
def test_what_cannot_be_meant(ask, message):
    with pytest.raises(UsageError, match=message):
        ask()
