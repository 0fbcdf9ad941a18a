import torch

from faceedit.nn.losses import feature_distance, hinge_discriminator_loss, hinge_generator_loss


def test_hinge_golden_values():
    real = [torch.tensor([2.0, 0.5]), torch.tensor([-1.0])]
    fake = [torch.tensor([-3.0, 0.0]), torch.tensor([0.5])]
    # (0 + 0.5) / 2 + (0 + 1) / 2, then 2 + 1.5
    assert hinge_discriminator_loss(real, fake).item() == 0.75 + 3.5
    assert hinge_generator_loss(fake).item() == 1.5 - 0.5


def test_feature_distance_is_zero_for_equal_features_and_a_mean_per_layer():
    features = [torch.ones(1, 2, 4, 4), torch.ones(1, 3, 2, 2)]
    assert feature_distance(features, features).item() == 0
    assert feature_distance(features, [features[0] + 1, features[1] - 2]).item() == 3


def test_no_gradient_flows_into_the_target_features():
    fake = torch.zeros(3, requires_grad=True)
    real = torch.ones(3, requires_grad=True)
    feature_distance([fake], [real]).backward()
    assert fake.grad is not None
    assert real.grad is None
