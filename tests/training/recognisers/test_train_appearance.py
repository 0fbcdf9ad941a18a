from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_faces import toy_table

from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.studio.semantic import Region
from faceedit.targets import ATTRIBUTES
from faceedit.training.pair_tensors import LIGHT_ORDER
from faceedit.training.recognisers.appearance import (
    AppearanceRecipe,
    Drawer,
    appearance_losses,
    changed,
    drawing_chances,
    mirrored_lights,
    people_kept,
    region_losses,
)
from faceedit.training.recognisers.augment import NOTHING
from faceedit.training.recognisers.examine_appearance import (
    Seen,
    attributes_report,
    balanced_accuracies,
    lights_report,
    look,
    overlaps,
    regions_report,
    summary,
    thresholds,
)
from faceedit.training.recognisers.faces import NO_REGION, SIZE, UNKNOWN, FaceTable
from faceedit.training.recognisers.fit import Plan

RECIPE = AppearanceRecipe(plan=Plan(steps=10, batch=8), sizes=((0.0, 32), (0.5, 64)))
STILL = replace(RECIPE, change=NOTHING, lit_change=NOTHING, plain_change=NOTHING)
SMALL = {"widths": (8, 8, 8, 16), "inner": (8, 8, 8), "size": 64, "zone_width": 4}


@pytest.fixture(scope="module")
def portraits() -> FaceTable:
    table = toy_table(12)
    regions = np.full((12, SIZE, SIZE), Region.SKIN, np.uint8)
    regions[:, :20] = NO_REGION
    return replace(table, regions=regions)


@pytest.fixture(scope="module")
def studio() -> FaceTable:
    table = toy_table(24, studio=True, seed=1)
    table.light[20:] = UNKNOWN
    table.light_vector[20:] = np.nan
    return table


def number(name: str) -> int:
    return LIGHT_ORDER.index(name)


def test_mirrored_lights_come_from_the_other_side():
    light = torch.arange(20)
    swapped = mirrored_lights(light)
    assert torch.equal(mirrored_lights(swapped), light)
    assert swapped[number("quarter_left")] == number("quarter_right")
    assert swapped[number("slight_left_shadow")] == number("slight_right_shadow")
    assert swapped[number("bottom")] == number("bottom")
    assert mirrored_lights(torch.tensor([UNKNOWN])).item() == UNKNOWN


def test_a_mirrored_sample_has_its_light_and_regions_mirrored(portraits, studio):
    torch.manual_seed(0)
    drawer = Drawer(portraits, studio, set(), STILL)
    batch = drawer.draw()
    pictures, regions = changed(batch, STILL, SIZE)
    for i in range(8):
        flip = bool(batch["mirrored"][i])
        own = batch["pictures"][i].flip(2) if flip else batch["pictures"][i]
        torch.testing.assert_close(pictures[i], own, atol=3e-3, rtol=0)
        assert regions[i].shape == (SIZE, SIZE)
    made = batch["light"] != UNKNOWN
    assert made.any() and not made[:3].any()
    for i in torch.nonzero(made).flatten().tolist():
        light, vector = batch["light"][i], batch["light_vector"][i]
        if batch["mirrored"][i]:
            light = mirrored_lights(light[None])[0]
            vector = vector * torch.tensor([-1.0, 1, 1])
        row = int(np.flatnonzero(studio.light == int(light))[0])
        np.testing.assert_allclose(vector, studio.light_vector[row], atol=1e-6)


def test_exposure_of_plain_lights_and_slope_of_all_lights_stay():
    batch = {
        "pictures": torch.full((3, 3, 32, 32), 0.5),
        "regions": torch.zeros(3, 32, 32, dtype=torch.uint8),
        "mirrored": torch.zeros(3, dtype=torch.bool),
        "light": torch.tensor([number("dim"), number("left"), UNKNOWN]),
    }
    quiet = {"grey": 0.0, "blur": 0.0, "noise": 0.0, "cover": 0.0, "colour": 0.0}
    recipe = replace(
        AppearanceRecipe(),
        **{
            name: replace(getattr(AppearanceRecipe(), name), **quiet)
            for name in ("change", "lit_change", "plain_change")
        },
    )
    spread, shift = np.zeros(3), np.zeros(3)
    for seed in range(6):
        torch.manual_seed(seed)
        pictures, _ = changed(batch, recipe, 32)
        spread = np.maximum(spread, pictures.flatten(1).std(1).numpy())
        shift = np.maximum(shift, (pictures.flatten(1).mean(1) - 0.5).abs().numpy())
    assert spread[0] < 1e-3 and spread[1] < 1e-3 and spread[2] > 0.02
    assert shift[0] < 2e-3 < 0.005 < shift[1] < 0.06 < shift[2]


def test_attributes_of_people_kept_are_not_drawn(portraits, studio):
    kept = {"person 1", "person 2"}
    drawer = Drawer(portraits, studio, kept, RECIPE)
    for table, attributes in zip(drawer.tables, drawer.attributes, strict=True):
        hidden = np.isin(table.people, sorted(kept))
        assert np.isnan(attributes[hidden]).all()
        np.testing.assert_array_equal(attributes[~hidden], table.attributes[~hidden])
    assert not np.isnan(portraits.attributes).any()


def test_rare_attributes_and_lights_are_drawn_more_often():
    table = toy_table(40, studio=True, people=40)
    attributes = np.full((40, len(ATTRIBUTES)), np.nan, np.float32)
    attributes[:, 0] = 0
    attributes[:2, 0] = 1
    table.light[:] = np.where(np.arange(40) < 30, 3, 4)
    table.light[36:] = UNKNOWN
    chances, prior = drawing_chances(table, attributes, RECIPE)
    assert chances.sum() == pytest.approx(1)
    of = [chances[table.light == light].sum() for light in (3, 4, UNKNOWN)]
    assert of == pytest.approx([RECIPE.lit / 2, RECIPE.lit / 2, 1 - RECIPE.lit])
    assert chances[0] > 3 * chances[5]
    share = chances[:2].sum()
    assert prior[0] == pytest.approx(np.log(share / (1 - share)), abs=0.02)
    assert prior[1] == 0


def test_people_kept_hold_a_share_of_every_attribute():
    table = toy_table(200, people=200)
    table.attributes[:] = 0
    table.attributes[:20, 0] = 1
    table.attributes[50:150, 3] = 1
    table.attributes[190:] = np.nan
    kept = people_kept(table, 0.2, 0)
    rows = np.array([person in kept for person in table.people])
    assert rows[:20].sum() == 4 and rows[50:150].sum() == 20
    assert not rows[190:].any()
    assert kept == people_kept(table, 0.2, 0)


def test_region_losses_are_small_for_the_truth_and_leave_out_the_unknown():
    regions = torch.zeros(2, 16, 16, dtype=torch.long)
    regions[:, 8:] = 4
    right = 20.0 * torch.nn.functional.one_hot(regions, 12).permute(0, 3, 1, 2)
    entropy, overlap = region_losses(right, regions)
    assert entropy < 1e-4 and overlap < 1e-3
    regions[:, :4] = NO_REGION
    wrong = right.clone()
    wrong[:, :, :4] = torch.randn(2, 12, 4, 16)
    torch.testing.assert_close(region_losses(wrong, regions), region_losses(right, regions))
    entropy, overlap = region_losses(right.roll(8, 2), regions)
    assert entropy > 10 and overlap > 0.99
    nothing = region_losses(right.requires_grad_(), torch.full_like(regions, NO_REGION))
    assert [x.item() for x in nothing] == [0, 0]


def test_a_few_steps_learn(portraits, studio):
    torch.manual_seed(0)
    network = AppearanceRecogniser(**SMALL, dropout=0.0)
    drawer = Drawer(portraits, studio, set(), STILL)
    batch = drawer.draw()
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    totals = []
    for _ in range(12):
        losses = appearance_losses(network, batch, STILL, 32)
        assert set(losses) == {"regions", "overlap", "attributes", "lights", "vector"}
        optimiser.zero_grad()
        total = torch.stack(list(losses.values())).sum()
        total.backward()
        optimiser.step()
        totals.append(float(total.detach()))
    assert totals[-1] < 0.75 * totals[0]


def test_a_batch_without_lights_and_attributes_teaches_segments_alone(portraits, studio):
    batch = Drawer(portraits, studio, set(), RECIPE).draw()
    batch["light"][:] = UNKNOWN
    batch["light_vector"][:] = np.nan
    losses = appearance_losses(AppearanceRecogniser(**SMALL), batch, RECIPE, 32)
    assert set(losses) == {"regions", "overlap", "attributes"}


def test_sizes_change_with_the_step():
    assert [RECIPE.size_at(step) for step in (0, 4, 5, 9)] == [32, 32, 64, 64]


def test_overlaps_count_pixels():
    wanted = np.zeros((1, 4, 4), np.uint8)
    wanted[0, 2:] = Region.HAIR
    wanted[0, 3] = NO_REGION
    found = np.full((1, 4, 4), Region.HAIR)
    found[0, 0] = Region.BACKGROUND
    both, either = overlaps(found, wanted)
    assert (both[0, Region.HAIR], either[0, Region.HAIR]) == (4, 8)
    assert (both[0, Region.BACKGROUND], either[0, Region.BACKGROUND]) == (4, 8)
    assert either[0, Region.SKIN] == 0


def test_balanced_accuracy_weighs_both_kinds_alike():
    wanted = np.array([[1.0], [0.0], [0.0], [0.0], [np.nan]])
    logits = np.array([[1.0], [-1.0], [-1.0], [2.0], [3.0]])
    assert balanced_accuracies(logits, wanted, np.ones(5)) == pytest.approx([(1 + 2 / 3) / 2])
    assert balanced_accuracies(logits, wanted, np.array([1, 1, 1, 0, 1])) == pytest.approx([1])
    assert np.isnan(balanced_accuracies(logits, wanted, np.array([0, 1, 1, 1, 1]))).all()


def test_thresholds_part_the_two_kinds_and_trust_many_faces_more():
    rng = np.random.default_rng(0)
    wanted = np.repeat([[1.0], [0.0]], 200, 0)
    logits = rng.normal(0, 0.3, (400, 1)) + np.where(wanted == 1, 0.0, -3.0)
    many = thresholds(logits, wanted)[0]
    assert -2 < many < -1
    few = thresholds(logits[[0, 1, *range(200, 400)]], wanted[[0, 1, *range(200, 400)]])[0]
    assert many < few < -0.1
    assert thresholds(logits[:200], wanted[:200])[0] == 0


def test_the_report_of_a_perfect_reader(studio):
    faces = replace(studio, attributes=(np.arange(24 * 13).reshape(24, 13) % 2).astype(np.float32))
    counts = np.ones((24, 12))
    seen = Seen(
        faces.attributes * 2 - 1,
        np.eye(20)[np.maximum(faces.light, 0)],
        np.nan_to_num(faces.light_vector),
        counts,
        counts,
    )
    assert summary(seen, faces) == {"attributes": 1, "lights": 1, "regions": 1}
    assert attributes_report(seen, faces, 20)["balanced accuracy"]["mean"] == [1, 1, 1]
    lights = lights_report(seen, faces, 20)
    assert lights["pictures"] == 20 and lights["taken for"] == {}
    assert lights["direction and strength"]["median degrees"][0] == pytest.approx(0, abs=0.1)
    assert regions_report(seen, faces, 20)["intersection over union"]["hair"] == [1, 1, 1]
    wrong = replace(seen, lights=np.eye(20)[np.full(24, number("back"))])
    assert lights_report(wrong, faces, 20)["taken for"]["top for back"] == 1


def test_a_table_is_looked_at_in_batches(studio):
    network = AppearanceRecogniser(**SMALL).eval()
    whole, parts = look(network, studio), look(network, studio, 7)
    np.testing.assert_allclose(whole.attributes, parts.attributes, atol=1e-4)
    assert whole.either.shape == (24, 12) and whole.either.sum() >= 24 * 64 * 64
