"""The networks that papers measure with, where their weights lie on this machine already.

Nothing is downloaded. Files are looked for in a folder that the user names, in torch's cache and in
Hugging Face's, under the names that their own projects gave them. All but SSIM need torchvision,
which torch-fidelity imports.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.evaluation.gallery import Comparison, Networks, Reader

INCEPTION = "weights-inception-2015-12-05-6726825d.pth"
"""Of torch-fidelity: Inception-v3 as FID and IS use it."""
SWAV = "swav_800ep_pretrain.pth.tar"
"""Of facebookresearch/swav: a ResNet-50 that learned without labels, as ssFID uses it."""
ALEXNET = "alexnet-owt-7be5be79.pth"
"""Of torchvision: LPIPS's default network. Its linear layers come with torchmetrics."""
CLIP = ("openai/clip-vit-base-patch16", "openai/clip-vit-base-patch32")
"""Of Hugging Face's hub, the first that is there."""

PROMPTS = (
    ("Good photo", "Bad photo"),
    ("Sharp image", "Blurry image"),
    ("Sharp edges", "Blurry edges"),
    ("High-resolution image", "Low-resolution image"),
    ("Noise-free image", "Noisy image"),
    ("High-quality image", "Low-quality image"),
    ("Good picture", "Bad picture"),
)
"""QualiCLIP's, as RegGAN lists them (section IV-D)."""
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_DEVIATION = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class _AbsentError(Exception):
    """Says what is not on this machine."""


def open_standard(folder: Path | None, device: torch.device | str) -> Networks:
    """Load what is here of Inception, SwAV, AlexNet and CLIP, and torchmetrics' comparisons.

    Args:
        folder: the user's own folder of such files, searched first.
        device: where they run.
    """
    readers: dict[str, Reader] = {}
    comparisons: dict[str, Comparison] = {}
    missing: dict[str, str] = {}
    openers: dict[str, Callable] = {"inception": _inception, "swav": _swav, "clip": _clip}
    for name, opener in openers.items():
        try:
            readers[name] = opener(folder, device)
        except Exception as error:  # libraries raise almost anything on damaged files
            missing[name] = str(error) or type(error).__name__
    pairwise: dict[str, Callable] = {"ssim": _ssim, "ms_ssim": _ms_ssim, "lpips": _lpips}
    for name, opener in pairwise.items():
        try:
            comparisons[name] = opener(folder, device)
        except Exception as error:  # libraries raise almost anything on damaged files
            missing[name] = str(error) or type(error).__name__
    return Networks(readers, comparisons, missing, str(device))


def find_weights(file: str, folder: Path | None) -> Path:
    """Return where a file of weights lies.

    Raises:
        _AbsentError: it is nowhere.
    """
    caches = [Path(torch.hub.get_dir()) / "checkpoints"]
    for place in ([] if folder is None else [folder]) + caches:
        if (place / file).is_file():
            return place / file
    named = "" if folder is None else f"{folder} nor in "
    raise _AbsentError(f"{file} is not in {named}{caches[0]}; faceedit does not download it")


def _plain_tensors(path: Path) -> dict[str, Tensor]:
    """Read a file of weights that is nothing but tensors."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle's own errors, and what damaged files bring about
        raise _AbsentError(f"{path}: is damaged, or more than plain weights; refused") from error


def _need(*packages: str) -> None:
    absent = [name for name in packages if find_spec(name) is None]
    if absent:
        raise _AbsentError(
            f"needs {' and '.join(absent)}, not installed (pip install faceedit[eval])"
        )


def _inception(folder: Path | None, device: torch.device | str) -> Reader:
    path = find_weights(INCEPTION, folder)
    _need("torchvision", "torch_fidelity")
    from torch_fidelity import (  # pyright: ignore[reportMissingImports]
        FeatureExtractorInceptionV3,
    )

    # torch-fidelity would run code that the file may hold.
    _plain_tensors(path)
    network = FeatureExtractorInceptionV3(
        "inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(path)
    ).to(device)

    def look(crops: Tensor) -> dict[str, Tensor]:
        pool, logits = network(((crops + 1) * 127.5).round().to(torch.uint8))
        return {"pool": pool, "logits": logits}

    return look


def _swav(folder: Path | None, device: torch.device | str) -> Reader:
    path = find_weights(SWAV, folder)
    _need("torchvision")
    from torchvision.models import resnet50  # pyright: ignore[reportMissingImports]

    tensors = {k.removeprefix("module."): v for k, v in _plain_tensors(path).items()}
    network = resnet50(weights=None)
    network.fc = torch.nn.Identity()
    lost = network.load_state_dict(tensors, strict=False).missing_keys
    if lost:
        raise _AbsentError(f"{path} is no ResNet-50 of SwAV: it has no {lost[0]}")
    network = network.to(device).eval().requires_grad_(False)
    return lambda crops: {
        "pool": network(_normalised(crops, 224, IMAGENET_MEAN, IMAGENET_DEVIATION))
    }


def _clip(folder: Path | None, device: torch.device | str) -> Reader:
    path = _clip_folder(folder)
    _need("transformers")
    from transformers import CLIPModel, CLIPTokenizer  # pyright: ignore[reportMissingImports]

    model = CLIPModel.from_pretrained(path, local_files_only=True).to(device).eval()
    tokenizer = CLIPTokenizer.from_pretrained(path, local_files_only=True)
    texts = [prompt for pair in PROMPTS for prompt in pair]
    words = tokenizer(texts, padding=True, return_tensors="pt").to(device)
    size = model.config.vision_config.image_size

    def look(crops: Tensor) -> dict[str, Tensor]:
        pixels = _normalised(crops, size, CLIP_MEAN, CLIP_DEVIATION)
        logits = model(pixel_values=pixels, **words).logits_per_image
        pairs = logits.view(len(crops), len(PROMPTS), 2).softmax(-1)
        return {"realism": pairs[..., 0].mean(1)}

    return look


def _clip_folder(folder: Path | None) -> Path:
    if folder is not None and (folder / "clip" / "config.json").is_file():
        return folder / "clip"
    from huggingface_hub import try_to_load_from_cache

    for name in CLIP:
        config = try_to_load_from_cache(name, "config.json")
        if isinstance(config, str):
            return Path(config).parent
    named = "" if folder is None else f"{folder / 'clip'} nor in "
    raise _AbsentError(
        f"CLIP ({' or '.join(CLIP)}) is not in {named}Hugging Face's cache; "
        "faceedit does not download it"
    )


def _ssim(folder: Path | None, device: torch.device | str) -> Comparison:
    _need("torchmetrics")
    from torchmetrics.functional.image import structural_similarity_index_measure as measure

    return lambda a, b: _tensor(measure(_unit(a), _unit(b), data_range=1.0, reduction="none"))


def _ms_ssim(folder: Path | None, device: torch.device | str) -> Comparison:
    _need("torchmetrics")
    from torchmetrics.functional.image import (
        multiscale_structural_similarity_index_measure as measure,
    )

    return lambda a, b: _tensor(measure(_unit(a), _unit(b), data_range=1.0, reduction="none"))


def _lpips(folder: Path | None, device: torch.device | str) -> Comparison:
    path = find_weights(ALEXNET, folder)
    _need("torchvision", "torchmetrics")
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    with _torch_cache_with(path):
        measure = LearnedPerceptualImagePatchSimilarity("alex", reduction="none").to(device)

    def compare(a: Tensor, b: Tensor) -> Tensor:
        measure.reset()
        return measure(a.clamp(-1, 1), b.clamp(-1, 1))

    return compare


@contextlib.contextmanager
def _torch_cache_with(path: Path) -> Iterator[None]:
    """Let torch find one file in its cache, wherever that lies."""
    before = torch.hub.get_dir()
    with tempfile.TemporaryDirectory(prefix="faceedit-torch-") as place:
        (Path(place) / "checkpoints").mkdir()
        os.symlink(path.resolve(), Path(place) / "checkpoints" / path.name)  # noqa: PTH211
        torch.hub.set_dir(place)
        try:
            yield
        finally:
            torch.hub.set_dir(before)


def _tensor(found: Tensor | tuple[Tensor, ...]) -> Tensor:
    """Return the measure where torchmetrics could have returned pictures of it as well."""
    return found if isinstance(found, Tensor) else found[0]


def _unit(crops: Tensor) -> Tensor:
    """[-1, 1] to [0, 1]."""
    return ((crops + 1) / 2).contiguous()


def _normalised(
    crops: Tensor, size: int, mean: tuple[float, ...], deviation: tuple[float, ...]
) -> Tensor:
    x = F.interpolate(_unit(crops), (size, size), mode="bicubic", antialias=True).clamp(0, 1)
    shift, scale = (torch.tensor(v, device=x.device).view(1, 3, 1, 1) for v in (mean, deviation))
    return (x - shift) / scale
