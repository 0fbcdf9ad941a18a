import pytest
import torch

from faceedit.nn.activation import PReLU


def gradients(module, x, upstream):
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    module.zero_grad()
    out = module(x)
    out.backward(upstream)
    return out.detach(), x.grad, module.weight.grad.clone()


def test_rowwise_path_has_torchs_values_and_gradients():
    torch.manual_seed(0)
    ours, theirs = PReLU(5), torch.nn.PReLU(5)
    slopes = torch.linspace(-0.3, 1.2, 5)
    for module in (ours, theirs):
        module.weight.data.copy_(slopes)
    x = torch.randn(3, 5, 6, 4).contiguous(memory_format=torch.channels_last)
    x[0, :, 0, 0] = 0
    upstream = torch.randn(3, 5, 6, 4)
    results = zip(gradients(ours, x, upstream), gradients(theirs, x, upstream), strict=True)
    for got, wanted in results:
        torch.testing.assert_close(got, wanted)


def test_both_paths_agree_and_keep_the_memory_format():
    module = PReLU(3)
    x = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    trained = module(x)
    assert trained.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(trained, module.eval()(x))


def test_bf16_gradients_under_autocast():
    torch.manual_seed(0)
    conv, act = torch.nn.Conv2d(3, 8, 1), PReLU(8)
    x = torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        out = act(conv(x))
    assert out.dtype == torch.bfloat16
    out.float().square().mean().backward()
    got = act.weight.grad
    act.weight.grad = None
    torch.nn.functional.prelu(conv(x), act.weight).square().mean().backward()
    assert got is not None
    assert act.weight.grad is not None
    assert got.dtype == torch.float32
    assert got.tolist() == pytest.approx(act.weight.grad.tolist(), rel=0.05, abs=1e-3)
