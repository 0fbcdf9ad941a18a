import numpy as np
import pytest
import torch

from faceedit.methods.reggan.expression_layer import ExpressionLayer, ExpressionLayerFitter


def random_pairs(n=12, channels=2, size=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (n, channels, size, size)
    return torch.rand(shape, generator=generator), torch.rand(shape, generator=generator)


def naive_layer(inputs, targets, field, ridge):
    """Eq. 6 pixel by pixel, over only the pixels of the field that exist."""
    x, t = inputs.double().numpy(), targets.double().numpy()
    count, channels, size, _ = x.shape
    weight = np.zeros((channels, field, field, size, size))
    bias = np.zeros((channels, size, size))
    reach = field // 2
    for c, y, col in np.ndindex(channels, size, size):
        ys, xs = np.meshgrid(
            range(max(0, y - reach), min(size, y + reach + 1)),
            range(max(0, col - reach), min(size, col + reach + 1)),
            indexing="ij",
        )
        design = np.concatenate([x[:, c][:, ys.ravel(), xs.ravel()], np.ones((count, 1))], axis=1)
        system = design.T @ design + ridge * np.eye(design.shape[1])
        solution = np.linalg.solve(system, design.T @ t[:, c, y, col])
        weight[c, ys.ravel() - y + reach, xs.ravel() - col + reach, y, col] = solution[:-1]
        bias[c, y, col] = solution[-1]
    return weight.reshape(channels, field * field, size, size), bias


def fit(inputs, targets, field=3, ridge=0.1):
    fitter = ExpressionLayerFitter(inputs.shape[-1], inputs.shape[1], field, ridge)
    fitter.add(inputs, targets)
    return fitter.solve()


@pytest.mark.parametrize(("field", "ridge", "n"), [(3, 0.1, 12), (5, 0.5, 40), (5, 1e-3, 4)])
def test_solution_is_that_of_a_naive_solve_at_every_pixel(field, ridge, n):
    inputs, targets = random_pairs(n)
    layer = fit(inputs, targets, field, ridge)
    weight, bias = naive_layer(inputs, targets, field, ridge)
    np.testing.assert_allclose(layer.weight.numpy(), weight, atol=1e-5)
    np.testing.assert_allclose(layer.bias.numpy(), bias, atol=1e-5)


def test_strips_do_not_change_the_solution(monkeypatch):
    inputs, targets = random_pairs()
    whole = fit(inputs, targets)
    monkeypatch.setattr("faceedit.methods.reggan.expression_layer.STRIP_SYSTEMS", 30)
    torch.testing.assert_close(fit(inputs, targets).weight, whole.weight)


def test_forward_is_the_weighted_sum_of_each_field():
    layer = fit(*random_pairs())
    x = torch.rand(2, 2, 7, 7, generator=torch.Generator().manual_seed(5))
    fields = torch.nn.functional.unfold(x, 3, padding=1).reshape(2, 2, 9, 7, 7)
    expected = (fields * layer.weight).sum(2) + layer.bias
    torch.testing.assert_close(layer(x), expected)
    channels_last = x.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(layer(channels_last), expected)


def test_layer_is_affine_in_its_input():
    layer = fit(*random_pairs())
    a, b = random_pairs(3, seed=1)
    mixed = layer(0.3 * a + 0.7 * b)
    torch.testing.assert_close(mixed, 0.3 * layer(a) + 0.7 * layer(b), atol=1e-5, rtol=1e-4)


def test_fit_is_linear_in_the_targets():
    inputs, first = random_pairs()
    _, second = random_pairs(seed=1)
    layers = [fit(inputs, targets) for targets in (first, second, first + second)]
    torch.testing.assert_close(
        layers[2].weight, layers[0].weight + layers[1].weight, atol=1e-5, rtol=1e-4
    )


def test_identity_pairs_give_the_identity_as_the_ridge_vanishes():
    inputs, _ = random_pairs(n=200)
    layer = fit(inputs, inputs, ridge=1e-8)
    identity = ExpressionLayer(7, 2, 3)
    torch.testing.assert_close(layer.weight, identity.weight, atol=1e-5, rtol=0)
    torch.testing.assert_close(layer.bias, identity.bias, atol=1e-5, rtol=0)


def test_identity_pairs_shrink_towards_zero_under_a_strong_ridge():
    inputs, _ = random_pairs()
    layer = fit(inputs, inputs, ridge=1e9)
    assert layer.weight.abs().max() < 1e-6


def test_new_layer_is_the_identity():
    x, _ = random_pairs()
    assert torch.equal(ExpressionLayer(7, 2)(x), x)


def test_absent_pixels_get_no_weight():
    layer = fit(*random_pairs(), field=5)
    corner = layer.weight[:, :, 0, 0].reshape(2, 5, 5)
    assert (corner[:, :2] == 0).all()
    assert (corner[:, :, :2] == 0).all()
    assert (corner[:, 2:, 2:] != 0).all()


def test_memory_does_not_grow_with_the_number_of_pairs():
    def held(fitter):
        return sum(v.nbytes for v in vars(fitter).values() if isinstance(v, torch.Tensor))

    inputs, targets = random_pairs()
    fitter = ExpressionLayerFitter(7, 2, 3, 0.1)
    before = held(fitter)
    for _ in range(5):
        fitter.add(inputs, targets)
    assert held(fitter) == before
    assert fitter.pairs == 60


def test_batching_of_the_pairs_does_not_matter():
    inputs, targets = random_pairs()
    fitter = ExpressionLayerFitter(7, 2, 3, 0.1)
    for i in range(0, 12, 5):
        fitter.add(inputs[i : i + 5], targets[i : i + 5])
    torch.testing.assert_close(fitter.solve().weight, fit(inputs, targets).weight)


def test_half_precision_storage_serves_float_inputs():
    layer = fit(*random_pairs())
    x, _ = random_pairs(3, seed=2)
    full = layer(x)
    half = layer.half()(x)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, full, atol=5e-3, rtol=0)


def test_bad_use_is_refused():
    with pytest.raises(ValueError, match="odd"):
        ExpressionLayerFitter(8, 3, receptive_field=4)
    with pytest.raises(ValueError, match="positive"):
        ExpressionLayerFitter(8, 3, ridge=0.0)
    with pytest.raises(ValueError, match="no pairs"):
        ExpressionLayerFitter(8).solve()
    with pytest.raises(ValueError, match="targets"):
        ExpressionLayerFitter(8).add(torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 4, 4))
