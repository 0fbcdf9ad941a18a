import torch

from faceedit.methods.fields.adversary import (
    adversarial_losses,
    critic_losses,
    judged,
    make_critic,
)
from faceedit.methods.fields.recipe import AdversaryRecipe

RECIPE = AdversaryRecipe(width=8, scales=2)


def batch(size: int = 4) -> dict[str, torch.Tensor]:
    """Photos whose log ratio is striped; the right half is not trusted."""
    stripes = torch.zeros(size, 3, 128, 128)
    stripes[..., ::8, :] = -0.3
    trusted = torch.zeros(size, 1, 128, 128)
    trusted[..., :64] = 1
    return {"moved": torch.rand(size, 3, 128, 128), "log_ratio": stripes, "trusted": trusted}


def test_only_what_is_trusted_is_judged():
    given = batch()
    one, other = torch.zeros(4, 3, 128, 128), torch.zeros(4, 3, 128, 128)
    other[..., 64:] = 1
    assert judged(one, given).shape == (4, 6, 128, 128)
    assert torch.equal(judged(one, given), judged(other, given))
    assert not torch.equal(judged(one, given), judged(one + 1, given))


def test_a_critic_learns_that_folds_are_missing_and_a_network_to_draw_them():
    torch.manual_seed(0)
    given, critic = batch(), make_critic(RECIPE)
    flat = torch.zeros(4, 3, 128, 128)
    optimiser = torch.optim.Adam(critic.parameters(), 1e-3, betas=(0.5, 0.999))
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        losses.append(critic_losses(critic, flat, given)["total"])
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < 0.8 * losses[0]
    # Where the critic now points, there are the folds.
    flat.requires_grad_()
    adversarial_losses(critic, flat, given, RECIPE)["total"].backward()
    assert flat.grad is not None
    down = flat.grad[..., :64].mean((0, 1, 3))
    lines = torch.arange(128) % 8 == 0
    assert down[lines].mean() > down[~lines].mean()


def test_what_is_true_costs_a_network_nothing_to_match():
    given, critic = batch(), make_critic(RECIPE)
    terms = adversarial_losses(critic, given["log_ratio"], given, RECIPE)
    assert terms["matching"] == 0
    torch.testing.assert_close(terms["total"], RECIPE.weight * terms["adversarial"])
