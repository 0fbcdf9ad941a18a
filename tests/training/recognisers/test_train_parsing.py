from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_faces import toy_table

from faceedit.nn.parsing import Parser
from faceedit.regions import Region
from faceedit.training.recognisers.augment import NOTHING
from faceedit.training.recognisers.faces import NO_REGION, SIZE, FaceTable
from faceedit.training.recognisers.parsing import (
    ParsingDrawer,
    ParsingRecipe,
    parsing_losses,
    region_losses,
)

STILL = ParsingRecipe(steps=10, batch_size=8, sizes=((0.0, 32),), change=NOTHING)


def painted(n: int, seed: int) -> FaceTable:
    """Faces whose regions can be told from the pictures: bright halves are skin."""
    table = toy_table(n, studio=bool(seed), seed=seed)
    regions = np.full((n, SIZE, SIZE), Region.HAIR, np.uint8)
    for i in range(n):
        regions[i, : 40 + 5 * i] = Region.SKIN
    table.pictures[:] = np.where(regions == Region.SKIN, 220, 30)[..., None]
    regions[:, :8] = NO_REGION
    return replace(table, regions=regions)


@pytest.fixture(scope="module")
def tables() -> tuple[FaceTable, FaceTable]:
    return painted(6, 0), painted(9, 1)


def test_pictures_and_regions_are_changed_alike(tables: tuple[FaceTable, FaceTable]):
    torch.manual_seed(0)
    recipe = replace(
        STILL, sizes=((0.0, 80),), change=replace(NOTHING, turn=0.3, scale=0.2, shift=0.1)
    )
    pictures, regions = ParsingDrawer(*tables, recipe).draw(0).values()
    assert pictures.shape == (8, 3, 80, 80) and regions.shape == (8, 80, 80)
    known = regions != NO_REGION
    assert known.float().mean() > 0.8
    skin, hair = (pictures[:, 0][regions == r] for r in (Region.SKIN, Region.HAIR))
    assert (skin > 0.5).float().mean() > 0.97 and (hair < 0.5).float().mean() > 0.97


def test_a_few_steps_learn(tables: tuple[FaceTable, FaceTable]):
    torch.manual_seed(0)
    network = Parser((8, 8, 8), (8, 8), len(Region))
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    pictures, regions = ParsingDrawer(*tables, STILL).draw(0).values()
    totals = []
    for _ in range(15):
        losses = parsing_losses(network, pictures, regions, STILL)
        assert set(losses) == {"regions", "overlap"}
        optimiser.zero_grad()
        total = torch.stack(list(losses.values())).sum()
        total.backward()
        optimiser.step()
        totals.append(float(total.detach()))
    assert totals[-1] < 0.6 * totals[0]


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
