"""The three discriminators of RegGAN (section III-E), identical in architecture, on a pyramid."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from faceedit.nn.blocks import NormKind, make_norm
from faceedit.nn.losses import hinge_discriminator_loss


class Judgement(NamedTuple):
    """What one discriminator makes of a batch.

    Attributes:
        features: activations of its hidden layers, shallow to deep, for Eq. 13.
        logits: (N, 1, h, w), one per patch; positive means real.
    """

    features: list[Tensor]
    logits: Tensor


class PatchDiscriminator(nn.Module):
    """PatchGAN of pix2pixHD ([43]): 4x4 convolutions, all but the last two strided.

    Args:
        channels: channels of the image.
        width: channels of the first layer; doubles with each layer up to eight times that.
        strided: number of strided layers; pix2pixHD has three.
        norm: normalisation after each layer but the first and the last.
        spectral: bound every convolution's spectral norm, as SPARNetHD does.
    """

    def __init__(
        self,
        channels: int = 3,
        width: int = 64,
        strided: int = 3,
        norm: NormKind = "instance",
        spectral: bool = False,
    ):
        super().__init__()

        def convolution(into: int, out: int, stride: int) -> nn.Module:
            layer = nn.Conv2d(into, out, 4, stride=stride, padding=2)
            return spectral_norm(layer) if spectral else layer

        widths = [min(width * 2**i, width * 8) for i in range(strided + 1)]
        self.layers = nn.ModuleList()
        for i, out in enumerate(widths):
            stride = 2 if i < strided else 1
            self.layers.append(
                nn.Sequential(
                    convolution(channels, out, stride),
                    make_norm(norm if i else "none", out),
                    nn.LeakyReLU(0.2),
                )
            )
            channels = out
        self.judge = convolution(channels, 1, 1)

    def forward(self, image: Tensor) -> Judgement:
        """Judge (N, C, H, W) images in [-1, 1]."""
        features: list[Tensor] = []
        x = image
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        return Judgement(features, self.judge(x))


class PyramidDiscriminator(nn.Module):
    """Discriminators D_1 to D_k, the k-th looking at the image reduced by 2**(k - 1).

    Args:
        channels: channels of the image.
        width: channels of each discriminator's first layer.
        scales: number of discriminators (III-E: three).
        strided: strided layers of each.
        norm: kind of normalisation.
        spectral: use spectral normalisation.
    """

    def __init__(
        self,
        channels: int = 3,
        width: int = 64,
        scales: int = 3,
        strided: int = 3,
        norm: NormKind = "instance",
        spectral: bool = False,
    ):
        super().__init__()
        self.scales = nn.ModuleList(
            PatchDiscriminator(channels, width, strided, norm, spectral) for _ in range(scales)
        )

    def forward(self, image: Tensor) -> list[Judgement]:
        """Judge images at every scale.

        Args:
            image: (N, C, H, W) in [-1, 1].

        Returns:
            One judgement per scale, full size first.
        """
        levels = pyramid(image, len(self.scales))
        return [scale(level) for scale, level in zip(self.scales, levels, strict=True)]


def discriminator_loss(
    fake_judgements: Sequence[Judgement], real_judgements: Sequence[Judgement]
) -> Tensor:
    """Eq. 15 of RegGAN, with D_k looking at the refined image.

    The equation as printed has x_E, the refinement network's input; the text of III-E and Eq. 12
    have its output x_R, which is what is meant.

    Args:
        fake_judgements: on what was made, without gradient.
        real_judgements: on the targets.
    """
    return hinge_discriminator_loss(
        [judgement.logits for judgement in real_judgements],
        [judgement.logits for judgement in fake_judgements],
    )


def pyramid(image: Tensor, levels: int = 3) -> list[Tensor]:
    """The image at 1, 1/2, 1/4 and so on of its size, by 2x2 averages: (N, C, H, W) each."""
    images = [image]
    while len(images) < levels:
        images.append(F.avg_pool2d(images[-1], 2))
    return images
