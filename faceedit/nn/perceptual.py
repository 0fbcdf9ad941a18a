"""Perceptual loss over the features of a frozen network, VGG-19's among them."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from faceedit.errors import WeightsError
from faceedit.nn.losses import feature_distance
from faceedit.registry.checkpoint import check_finite
from faceedit.registry.header import MAX_CHECKPOINT
from faceedit.untrusted import open_regular

# Convolution widths of VGG-19 (configuration E), by stage; a 2x2 max pooling lies between stages.
VGG19_STAGES = ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Vgg19Features(nn.Module):
    """The first activation of each of VGG-19's five stages (relu1_1 to relu5_1), frozen.

    These are the layers of pix2pixHD, to which RegGAN's losses go back. Keys are torchvision's
    (``features.0.weight`` and so on); layers after relu5_1 are not held.
    """

    scale: Tensor
    offset: Tensor

    def __init__(self):
        super().__init__()
        layers: list[nn.Module] = []
        self.taps: list[int] = []
        channels = 3
        for stage, widths in enumerate(VGG19_STAGES):
            if stage:
                layers.append(nn.MaxPool2d(2))
            self.taps.append(len(layers) + 1)
            for width in widths if stage < len(VGG19_STAGES) - 1 else widths[:1]:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*layers)
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        self.register_buffer("scale", (0.5 / std).view(3, 1, 1), persistent=False)
        self.register_buffer("offset", ((0.5 - mean) / std).view(3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    @classmethod
    def load(cls, path: Path) -> "Vgg19Features":
        """Read torchvision's VGG-19 weights, as .safetensors or as its own .pth file.

        Raises:
            WeightsError: if the file is missing, unreadable, not a VGG-19, or not finite.
        """
        if not path.exists():
            raise WeightsError(f"{path}: no such file; give the path of torchvision's VGG-19")
        try:
            with open_regular(path, MAX_CHECKPOINT):
                pass
            if path.suffix == ".safetensors":
                state = load_file(path)
            else:
                state = torch.load(path, map_location="cpu", weights_only=True)
        except (SafetensorError, OSError, RuntimeError, EOFError, ValueError) as error:
            raise WeightsError(f"{path}: not a readable weights file ({error})") from error
        except Exception as error:  # torch.load raises pickle's own errors, of several classes
            raise WeightsError(f"{path}: not a plain tensor file ({error})") from error
        network = cls()
        own = network.state_dict()
        if not isinstance(state, dict) or any(
            not isinstance(state.get(key), Tensor) or state[key].shape != value.shape
            for key, value in own.items()
        ):
            raise WeightsError(f"{path}: not a VGG-19 in torchvision's layout")
        check_finite(path, {key: state[key] for key in own})
        network.load_state_dict({key: state[key].float() for key in own})
        return network

    def train(self, mode: bool = True) -> "Vgg19Features":
        """Stay frozen whatever the training loop asks for."""
        return super().train(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Features of images.

        Args:
            image: (N, 3, H, W) in [-1, 1], sides at least 16.

        Returns:
            Five tensors, of (N, 64, H, W) to (N, 512, H / 16, W / 16).
        """
        x = image * self.scale + self.offset
        taken: list[Tensor] = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                taken.append(x)
        return taken


class PerceptualLoss(nn.Module):
    """Distance of two images in the feature space of a frozen network: Eq. 14 of RegGAN.

    Args:
        features: gives a list of feature maps for images (N, 3, H, W) in [-1, 1]; must be
            differentiable in the images. Its own parameters should be frozen.
    """

    def __init__(self, features: Callable[[Tensor], list[Tensor]]):
        super().__init__()
        self.features = features

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """Sum over layers of the mean absolute feature difference.

        Args:
            fake: (N, 3, H, W) generated images in [-1, 1].
            real: (N, 3, H, W) their targets; no gradient flows into them.

        Returns:
            Scalar.
        """
        with torch.no_grad():
            wanted = self.features(real)
        return feature_distance(self.features(fake), wanted)
