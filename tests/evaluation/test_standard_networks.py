import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from faceedit.evaluation import standard_networks
from faceedit.evaluation.standard_networks import ALEXNET, INCEPTION, SWAV, open_standard

GATES = {"inception": INCEPTION, "swav": SWAV, "lpips": ALEXNET}


@pytest.fixture(autouse=True)
def no_caches(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)


def crops(seed=0, n=2, size=176):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_without_weights_each_network_says_where_it_was_looked_for(tmp_path):
    found = open_standard(tmp_path, "cpu")
    for name, file in GATES.items():
        assert file in found.lacks(name)
        assert str(tmp_path) in found.lacks(name)
        assert "does not download" in found.lacks(name)
    assert str(tmp_path / "clip") in found.lacks("clip")


def test_without_packages_it_says_which(tmp_path, monkeypatch):
    for file in GATES.values():
        (tmp_path / file).touch()
    monkeypatch.setattr(standard_networks, "find_spec", lambda name: None)
    found = open_standard(tmp_path, "cpu")
    assert "needs torchvision and torch_fidelity" in found.lacks("inception")
    assert "needs torchvision" in found.lacks("swav")
    assert "needs torchmetrics" in found.lacks("ssim")
    assert "faceedit[eval]" in found.lacks("ms_ssim")


def test_a_file_in_torchs_cache_is_found(tmp_path):
    place = tmp_path / "hub" / "checkpoints"
    place.mkdir(parents=True)
    (place / SWAV).touch()
    assert standard_networks.find_weights(SWAV, None) == place / SWAV
    (tmp_path / SWAV).touch()
    assert standard_networks.find_weights(SWAV, tmp_path) == tmp_path / SWAV


def test_a_file_of_weights_that_holds_code_is_refused(tmp_path, monkeypatch):
    class Code:
        def __reduce__(self):
            return print, ("it ran",)

    torch.save(Code(), tmp_path / INCEPTION)
    monkeypatch.setattr(standard_networks, "find_spec", lambda name: True)
    fidelity = ModuleType("torch_fidelity")
    fidelity.__dict__["FeatureExtractorInceptionV3"] = None
    monkeypatch.setitem(sys.modules, "torch_fidelity", fidelity)
    found = open_standard(tmp_path, "cpu")
    assert "inception" not in found.readers
    assert "more than plain weights" in found.lacks("inception")


def test_inception_is_given_bytes_and_its_two_layers_are_taken(tmp_path, monkeypatch):
    torch.save({}, tmp_path / INCEPTION)
    monkeypatch.setattr(standard_networks, "find_spec", lambda name: True)

    class Extractor(torch.nn.Module):
        def __init__(self, name, layers, feature_extractor_weights_path):
            super().__init__()
            assert layers == ["2048", "logits_unbiased"]

        def forward(self, x):
            assert x.dtype == torch.uint8
            return x.float().mean((2, 3)), x.float().amax((2, 3))

    fidelity = ModuleType("torch_fidelity")
    fidelity.__dict__["FeatureExtractorInceptionV3"] = Extractor
    monkeypatch.setitem(sys.modules, "torch_fidelity", fidelity)
    seen = open_standard(tmp_path, "cpu").readers["inception"](torch.full((2, 3, 8, 8), 1.0))
    assert seen["pool"].tolist() == seen["logits"].tolist() == [[255.0] * 3] * 2


def test_rs_is_the_mean_probability_of_the_good_prompts(tmp_path, monkeypatch):
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "config.json").write_text("{}")
    monkeypatch.setattr(standard_networks, "find_spec", lambda name: True)
    asked = []

    class Model(torch.nn.Module):
        config = SimpleNamespace(vision_config=SimpleNamespace(image_size=32))

        @classmethod
        def from_pretrained(cls, path, local_files_only):
            assert path == tmp_path / "clip"
            assert local_files_only
            return cls()

        def forward(self, pixel_values, **words):
            assert pixel_values.shape[1:] == (3, 32, 32)
            good = torch.tensor([2.0, 0.0] * 7)
            return SimpleNamespace(logits_per_image=good.repeat(len(pixel_values), 1))

    class Words(dict):
        def to(self, device):
            return self

    class Tokenizer:
        @classmethod
        def from_pretrained(cls, path, local_files_only):
            return cls()

        def __call__(self, texts, **kwargs):
            asked.extend(texts)
            return Words()

    package = ModuleType("transformers")
    package.__dict__.update(CLIPModel=Model, CLIPTokenizer=Tokenizer)
    monkeypatch.setitem(sys.modules, "transformers", package)
    look = open_standard(tmp_path, "cpu").readers["clip"]
    wanted = torch.sigmoid(torch.tensor(2.0)).item()
    assert look(crops())["realism"].tolist() == pytest.approx([wanted] * 2)
    assert asked[:4] == ["Good photo", "Bad photo", "Sharp image", "Blurry image"]
    assert len(asked) == 14


def test_structural_similarity():
    pytest.importorskip("torchmetrics")
    found = open_standard(None, "cpu").comparisons
    x, y = crops(0), crops(1)
    for name in ("ssim", "ms_ssim"):
        compare = found[name]
        assert compare(x, x).tolist() == pytest.approx([1, 1], abs=1e-5)
        assert compare(x, y).shape == (2,)
        assert compare(x, y).max() < 0.5
        dimmer = compare(x, x * 0.9)
        assert (dimmer > compare(x, y)).all()


def test_ssim_is_that_of_scikit_image():
    pytest.importorskip("torchmetrics")
    import numpy as np
    import skimage.data
    from skimage.metrics import structural_similarity

    picture = skimage.data.astronaut()[:128, 160:288] / 255
    other = np.clip(picture * 0.8 + 0.1, 0, 1)
    a, b = (torch.from_numpy(p.transpose(2, 0, 1)[None] * 2 - 1).float() for p in (picture, other))
    wanted = structural_similarity(
        picture, other, channel_axis=2, data_range=1.0,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )  # fmt: skip
    found = open_standard(None, "cpu").comparisons["ssim"](a, b)
    assert found.item() == pytest.approx(wanted, abs=0.01)
