"""Tests of oriented gradients."""

import torch

from faceedit.nn.gradients import OrientedGradients


def test_maps_have_one_grid_for_all_levels():
    front = OrientedGradients(directions=8, levels=3, grid=6)
    assert front.size == 24
    maps = front(torch.randn(2, 1, 24, 24))
    assert maps.shape == (2, 24, 6, 6)
    assert maps.min() > 0 and maps.max() <= 1.0001


def test_a_step_to_the_right_is_seen_in_the_direction_to_the_right():
    front = OrientedGradients(directions=8, levels=2, grid=4)
    picture = torch.zeros(1, 1, 8, 8)
    picture[..., 4:] = 1
    there = front(picture)[0, :, :, 1:3].mean((1, 2)).view(2, 8)
    assert (there.argmax(1) == 0).all()
    back = front(-picture)[0, :, :, 1:3].mean((1, 2)).view(2, 8)
    assert (back.argmax(1) == 4).all()


def test_contrast_and_brightness_do_not_matter():
    torch.manual_seed(0)
    front = OrientedGradients(levels=2, grid=6)
    picture = torch.randn(1, 1, 12, 12)
    assert (front(picture * 3 + 1) - front(picture)).abs().max() < 2e-3


def test_gradients_reach_the_picture_even_where_it_is_flat():
    front = OrientedGradients(levels=2, grid=6)
    picture = torch.zeros(1, 1, 12, 12)
    picture[..., 6:] = 1
    picture.requires_grad_()
    front(picture).sum().backward()
    assert picture.grad is not None and picture.grad.isfinite().all()
