from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_faces import light_number, lit_table, toy_table

from faceedit.recognisers.looks import ZONES, Looks
from faceedit.regions import Region
from faceedit.targets import ATTRIBUTES
from faceedit.training.recognisers.augment import NOTHING
from faceedit.training.recognisers.faces import NO_REGION, SIZE, UNKNOWN, FaceTable
from faceedit.training.recognisers.looks import (
    Drawer,
    LooksRecipe,
    changed,
    drawing_chances,
    looks_losses,
    mirrored_lights,
)

RECIPE = LooksRecipe(steps=10, batch_size=8, sizes=((0.0, 32),))
STILL = replace(RECIPE, change=NOTHING, lit_change=NOTHING, plain_change=NOTHING)


@pytest.fixture(scope="module")
def portraits() -> FaceTable:
    table = toy_table(12)
    regions = np.full((12, SIZE, SIZE), Region.SKIN, np.uint8)
    regions[:, :20] = NO_REGION
    return replace(table, regions=regions)


@pytest.fixture(scope="module")
def studio() -> FaceTable:
    return lit_table()


def test_mirrored_lights_come_from_the_other_side():
    light = torch.arange(20)
    swapped = mirrored_lights(light)
    assert torch.equal(mirrored_lights(swapped), light)
    assert swapped[light_number("quarter_left")] == light_number("quarter_right")
    assert swapped[light_number("slight_left_shadow")] == light_number("slight_right_shadow")
    assert swapped[light_number("bottom")] == light_number("bottom")
    assert mirrored_lights(torch.tensor([UNKNOWN])).item() == UNKNOWN


def test_a_mirrored_sample_has_its_light_and_zones_mirrored(portraits, studio):
    torch.manual_seed(0)
    drawer = Drawer(portraits, studio, set(), STILL)
    batch = drawer.pick()
    pictures, zones = changed(batch, STILL, SIZE)
    for i in range(8):
        flip = bool(batch["mirrored"][i])
        own = batch["pictures"][i].flip(2) if flip else batch["pictures"][i]
        torch.testing.assert_close(pictures[i], own, atol=3e-3, rtol=0)
    assert zones.shape == (8, len(ZONES), SIZE // 2, SIZE // 2)
    # Of portraits all is skin but the top, of which nothing is known.
    assert zones[:3, 0, 10:].min() == 1 and zones[:3, :, :10].max() == 0 == zones[:3, 1:].max()
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
        "light": torch.tensor([light_number("dim"), light_number("left"), UNKNOWN]),
    }
    quiet = {"grey": 0.0, "blur": 0.0, "noise": 0.0, "cover": 0.0, "colour": 0.0}
    recipe = replace(
        LooksRecipe(),
        **{
            name: replace(getattr(LooksRecipe(), name), **quiet)
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


def test_a_few_steps_learn(portraits, studio):
    torch.manual_seed(0)
    network = Looks((8, 8, 8, 16), 4, 0.0, 0)
    batch = Drawer(portraits, studio, set(), STILL).draw(0)
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    totals = []
    for _ in range(12):
        losses = looks_losses(network, batch, STILL)
        assert set(losses) == {"attributes", "lights", "vector"}
        optimiser.zero_grad()
        total = torch.stack(list(losses.values())).sum()
        total.backward()
        optimiser.step()
        totals.append(float(total.detach()))
    assert totals[-1] < 0.75 * totals[0]


def test_a_batch_without_lights_teaches_attributes_alone(portraits, studio):
    batch = Drawer(portraits, studio, set(), RECIPE).draw(0)
    batch["light"][:] = UNKNOWN
    batch["light_vector"][:] = np.nan
    assert set(looks_losses(Looks((8, 8, 16), 4, 0.3, 0), batch, RECIPE)) == {"attributes"}
