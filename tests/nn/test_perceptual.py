import pytest
import torch
from safetensors.torch import save_file

from faceedit.errors import WeightsError
from faceedit.nn.perceptual import PerceptualLoss, Vgg19Features


@pytest.fixture(scope="module")
def vgg():
    torch.manual_seed(0)
    return Vgg19Features()


def test_vgg_has_torchvisions_keys_and_five_taps(vgg):
    keys = {key for key in vgg.state_dict() if key.endswith("weight")}
    numbers = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28]
    assert keys == {f"features.{n}.weight" for n in numbers}
    shapes = [tuple(f.shape) for f in vgg(torch.zeros(1, 3, 32, 32))]
    assert shapes == [
        (1, 64, 32, 32),
        (1, 128, 16, 16),
        (1, 256, 8, 8),
        (1, 512, 4, 4),
        (1, 512, 2, 2),
    ]


def test_vgg_input_is_normalised_as_imagenet(vgg):
    white = torch.ones(3, 1, 1) * vgg.scale + vgg.offset
    torch.testing.assert_close(
        white.flatten(), torch.tensor([2.2489, 2.4286, 2.6400]), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("name", ["vgg19.safetensors", "vgg19.pth"])
def test_vgg_loads_files_that_hold_more(vgg, tmp_path, name):
    state = {**vgg.state_dict(), "classifier.0.weight": torch.zeros(2, 2)}
    path = tmp_path / name
    save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
    loaded = Vgg19Features.load(path)
    x = torch.rand(1, 3, 16, 16)
    for ours, theirs in zip(loaded(x), vgg(x), strict=True):
        assert torch.equal(ours, theirs)
    assert not any(p.requires_grad for p in loaded.parameters())


def test_what_is_not_a_vgg_is_named(tmp_path):
    with pytest.raises(WeightsError, match="no such file"):
        Vgg19Features.load(tmp_path / "absent.pth")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(WeightsError, match="readable"):
        Vgg19Features.load(tmp_path / "text.safetensors")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(WeightsError, match=r"text\.pth"):
        Vgg19Features.load(tmp_path / "text.pth")
    save_file({"features.0.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="layout"):
        Vgg19Features.load(tmp_path / "other.safetensors")


def test_perceptual_loss_takes_any_features_and_gives_gradient_to_the_fake_only():
    loss = PerceptualLoss(lambda image: [image, 2 * image.mean(1)])
    fake = torch.zeros(1, 3, 4, 4, requires_grad=True)
    real = torch.ones(1, 3, 4, 4, requires_grad=True)
    value = loss(fake, real)
    value.backward()
    assert value.item() == pytest.approx(3.0)
    assert fake.grad is not None
    assert real.grad is None
    assert loss(real, real).item() == 0
