"""Spectacles and beards taken off: a network says where they are, and what lies below them."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.compose.eyewear.uncover import Uncovered
from faceedit.faces.topology import eye_distance
from faceedit.methods.secgan.eyewear import WORN
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.nn.parsing import ParsingDecoder
from faceedit.nn.residual import ResidualEncoder
from faceedit.numerics import check_answer
from faceedit.targets import AttributeChange
from faceedit.tones import LUMA

WIDTH = 128
"""Of the bands of a wide crop that the network sees, in pixels; they are in the middle."""
EYE_ROWS, CHIN_ROWS = slice(84, 148), slice(104, 200)
"""Rows of those about the eyes and the lower face."""
MOST = 1.0
"""Bound of the log ratio that lenses and shadows have."""
CHEEKS, LOWER_LIDS, BELOW = (50, 280), (145, 374), 0.1
"""Mesh points, and the eye distances below lids at which skin is seen through lenses."""
DARK = 0.5
"""Luma below lids, over that of cheeks, below which lenses hide the eyes."""


class UncoverNetwork(nn.Module):
    """A residual encoder and a U-Net's way up.

    Args:
        widths: channels of the encoder's stages, finest first.
        inner: channels of the decoder's steps, coarsest first, one fewer.
    """

    def __init__(
        self, widths: Sequence[int] = (24, 48, 96, 128), inner: Sequence[int] = (96, 64, 40)
    ):
        super().__init__()
        self.encoder = ResidualEncoder(3, widths)
        self.decoder = ParsingDecoder(widths, inner, 3, 7)
        self.widths, self.inner = tuple(widths), tuple(inner)

    def architecture(self) -> dict[str, Any]:
        """Return what builds it again, as JSON."""
        return {"widths": list(self.widths), "inner": list(self.inner)}

    @classmethod
    def from_architecture(cls, values: Mapping[str, Sequence[int]]) -> "UncoverNetwork":
        """Build the network that `architecture` described."""
        return cls(values["widths"], values["inner"])

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Look at faces about the eyes, or about the chin.

        Args:
            bands: (N, 3, H, 128) RGB in [-1, 1], H of `EYE_ROWS` or `CHIN_ROWS`.

        Returns:
            Logits of the opacity of frames or hair, (N, 1, H, 128); colours of what lies below,
            (N, 3, H, 128) in [0, 1]; and the log ratio of display values that takes lenses and
            shadows back, (N, 3, H, 128).
        """
        found = self.decoder(bands, self.encoder(bands)).float()
        ratio = F.interpolate(F.avg_pool2d(found[:, 4:], 2), scale_factor=2.0, mode="bilinear")
        return found[:, :1], torch.sigmoid(found[:, 1:4]), ratio.clamp(-MOST, MOST)


def take_off(scene: Scene, change: AttributeChange, network: UncoverNetwork) -> Uncovered | None:
    """Return what takes spectacles off; None where there are none, or their lenses hide the eyes.

    Args:
        scene: the person.
        change: spectacles that are to go.
        network: on any device.

    Raises:
        NetworkError: the network's answer is not finite.
    """
    if scene.logit("eyeglasses") <= WORN or hides_eyes(scene.crop.pixels, scene.crop.landmarks):
        return None
    whole = uncover(scene, EYE_ROWS, network)
    return Uncovered(
        opacity=whole[..., 0],
        paint=whole[..., 1:4],
        log_ratio=whole[..., 4:],
        size=SIZE,
        unit=scene.unit,
        strength=change.strength,
    )


def uncover(scene: Scene, rows: slice, network: UncoverNetwork) -> np.ndarray:
    """Look at a band of a person.

    Args:
        scene: the person.
        rows: `EYE_ROWS` or `CHIN_ROWS`.
        network: on any device.

    Returns:
        (S, S, 7) float32: opacity, colours of what lies below and log ratio; opacity and ratio are
        0 outside the band.

    Raises:
        NetworkError: the network's answer is not finite.
    """
    side = (SIZE - WIDTH) // 2
    band = rows, slice(side, side + WIDTH)
    seen = torch.from_numpy(scene.crop.pixels[band]).permute(2, 0, 1)[None]
    with torch.inference_mode():
        opacity, paint, ratio = network(seen.to(next(network.parameters()).device) * 2 - 1)
    check_answer(np.inf, opacity=opacity, paint=paint, ratio=ratio)
    found = torch.cat([torch.sigmoid(opacity), paint, ratio], 1)[0].permute(1, 2, 0).cpu().numpy()
    # Beyond the band nothing is known; at its edges it fades.
    near = np.pad(np.ones((len(found) - 8, WIDTH - 8), np.float32), 4)
    fade = cv2.GaussianBlur(near, (0, 0), 2.0)[..., None]
    whole = np.zeros((SIZE, SIZE, 7), np.float32)
    whole[band] = np.dstack([found[..., :1] * fade, found[..., 1:4], found[..., 4:] * fade])
    return whole


def hides_eyes(pixels: np.ndarray, landmarks: np.ndarray) -> bool:
    """Say whether lenses are so dark that nobody sees the eyes behind them.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        landmarks: (478, >= 2) mesh points in pixels.
    """
    luma = cv2.GaussianBlur(pixels @ LUMA.astype(np.float32), (0, 0), 1.5)
    lids, cheeks = (landmarks[list(points), :2] for points in (LOWER_LIDS, CHEEKS))
    down = (cheeks - lids) / np.linalg.norm(cheeks - lids, axis=1, keepdims=True)
    below = lids + BELOW * eye_distance(landmarks) * down
    seen, lit = (_at(luma, points).mean() for points in (below, cheeks))
    return bool(seen < DARK * lit)


def _at(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    x, y = np.clip(np.round(points), 0, len(values) - 1).astype(int).T
    return values[y, x]
