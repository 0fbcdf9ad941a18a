"""The refinement network G_R of RegGAN (section III-D), which all composed methods use.

Three encoding attention blocks (EAB), ten latent (LAB) and three decoding (DAB) between a stem and
an output convolution. ``paper`` follows the section. ``fast`` keeps the structure at a smaller
working resolution and smaller widths, adds U-Net skips, which the paper has not, and gives raw
fields to a head outside this module.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.nn.attention import AttentionBlock, AttentionUnit, MapKind
from faceedit.nn.blocks import NormKind
from faceedit.ranges import Ranged, ranged


@dataclass(frozen=True)
class RefinementConfig(Ranged):
    """Everything that shapes a refinement network; ``dataclasses.asdict`` gives its JSON form.

    Attributes:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stem_channels: width at the input's resolution.
        widths: widths at 1/2, 1/4 and 1/8 of it.
        latent_blocks: number of latent attention blocks (III-D: ten).
        attention: False leaves the attention units out (ablation).
        attention_map: one map for all channels ("spatial") or one for each ("full").
        hourglass_depth: number of halvings in each attention unit's hourglass.
        hourglass_channels: width of each hourglass.
        norm: kind of normalisation in all blocks.
        skips: concatenate encoder features to the decoder's input at each scale.
        activation: "tanh" for an image in [-1, 1], "none" for raw outputs.

    Raises:
        ValueError: a number is out of range, or a kind is unknown.
    """

    in_channels: int = ranged(1, 1024)
    out_channels: int = ranged(1, 1024)
    stem_channels: int = ranged(1, 1024)
    widths: tuple[int, int, int] = ranged(1, 1024)
    latent_blocks: int = ranged(0, 64, default=10)
    attention: bool = True
    attention_map: MapKind = "spatial"
    hourglass_depth: int = ranged(1, 6, default=2)
    hourglass_channels: int = ranged(1, 512, default=64)
    norm: NormKind = "batch"
    skips: bool = False
    activation: Literal["tanh", "none"] = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.widths) != 3:
            raise ValueError(f"there are three widths, not {len(self.widths)}")
        for name, known in (
            ("attention", (True, False)),
            ("attention_map", get_args(MapKind)),
            ("norm", get_args(NormKind)),
            ("skips", (True, False)),
            ("activation", ("tanh", "none")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}, not one of {known}")

    @classmethod
    def paper(cls) -> "RefinementConfig":
        """The paper's network for images of 256 px: (N, 3, S, S) to the same, in [-1, 1].

        The paper gives no widths: these, the hourglass and the norm are SPARNet's ([42]).
        """
        return cls(
            in_channels=3,
            out_channels=3,
            stem_channels=32,
            widths=(64, 128, 256),
            activation="tanh",
        )

    @classmethod
    def fast(cls, in_channels: int, out_channels: int) -> "RefinementConfig":
        """The network for a CPU: inputs of 64 px, raw outputs of the same size."""
        return cls(
            in_channels=in_channels,
            out_channels=out_channels,
            stem_channels=32,
            widths=(64, 80, 96),
            hourglass_depth=1,
            hourglass_channels=16,
            skips=True,
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RefinementConfig":
        """The config that ``dataclasses.asdict`` made ``values`` of, also after a trip to JSON.

        Raises:
            TypeError: if a field is unknown or missing.
            ValueError: if one is out of range.
        """
        return cls(**{**values, "widths": tuple(values["widths"])})


class RefinementNetwork(nn.Module):
    """Encoder, latent and decoder attention blocks between two convolutions.

    Fastest on a CPU with the module and its input in channels_last memory.

    Args:
        config: the architecture.
    """

    def __init__(self, config: RefinementConfig):
        super().__init__()
        self.config = config
        # Width at full, 1/2, 1/4 and 1/8 resolution.
        widths = (config.stem_channels, *config.widths)
        self.stem = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.encoder = nn.ModuleList(
            self._block(widths[i], widths[i + 1], stride=2) for i in range(3)
        )
        self.latent = nn.Sequential(
            *(self._block(widths[3], widths[3]) for _ in range(config.latent_blocks))
        )
        self.decoder = nn.ModuleList(
            self._block(widths[i + 1] + (widths[i] if config.skips else 0), widths[i])
            for i in reversed(range(3))
        )
        self.output = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)
        # Starting near zero means starting near the identity for fields and mid-grey for images.
        nn.init.normal_(self.output.weight, std=1e-3)
        nn.init.zeros_(self.output.bias)  # pyright: ignore[reportArgumentType]

    def _block(self, in_channels: int, out_channels: int, stride: int = 1) -> AttentionBlock:
        config = self.config
        attention = None
        if config.attention:
            attention = AttentionUnit(
                out_channels,
                config.hourglass_channels,
                config.hourglass_depth,
                config.attention_map,
                config.norm,
            )
        return AttentionBlock(in_channels, out_channels, stride, config.norm, attention)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a batch.

        Args:
            x: (N, in_channels, S, S) float, S divisible by 8. For ``paper`` x_E in [-1, 1].

        Returns:
            (N, out_channels, S, S): in [-1, 1] with the "tanh" activation, else unbounded.
        """
        return self.activate(self.decode(*self.encode(x)))

    def activate(self, x: Tensor) -> Tensor:
        """Return the last convolution's output as `forward` returns it."""
        return torch.tanh(x) if self.config.activation == "tanh" else x

    def encode(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the latent features, (N, widths[2], S / 8, S / 8), and those that skip them."""
        x = self.stem(x)
        skips: list[Tensor] = []
        for block in self.encoder:
            skips.append(x)
            x = block(x)
        return self.latent(x), skips

    def decode(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        """Return the last convolution's output from what `encode` gave; it empties the list."""
        for block in self.decoder:
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            skip = skips.pop()
            x = block(torch.cat([x, skip], dim=1) if self.config.skips else x)
        return self.output(x)
