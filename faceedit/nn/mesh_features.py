"""Features of the face mesh network, for a perceptual loss where VGG-19 is not to be had."""

from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.find.build import MESH
from faceedit.faces.find.graph import GraphModule
from faceedit.nn.perceptual import Vgg19Features
from faceedit.registry import open_registry

# Mean absolute activation of each level on portraits of the London Set.
LEVEL_SCALES = (1.0, 1.4, 1.1, 1.5, 3.7)


class MeshFeatures(nn.Module):
    """The last activations before each of the mesh backbone's first five reductions, frozen.

    The network was trained to find 478 points on faces of all kinds, so its features know lips,
    lids and brows, but less texture than VGG-19's. It sees faces in a square about 1.5 times the
    face's box; images should be framed alike.

    Each level is divided by ``scales``, so that all weigh alike in a sum of mean differences.

    Args:
        network: the attention mesh, as converted into the project's weights; it is frozen.
        scales: typical mean absolute activation of each level; as many levels are taken.
    """

    def __init__(self, network: GraphModule, scales: tuple[float, ...] = LEVEL_SCALES):
        super().__init__()
        reduced = [step.inputs[0] for step in network.steps if step.operator == "max_pool"]
        network.outputs = {f"level{i}": value for i, value in enumerate(reduced[: len(scales)])}
        self.network = network.requires_grad_(False).eval()
        self.scales = scales

    @classmethod
    def load(cls, path: Path) -> "MeshFeatures":
        """Read the converted attention mesh.

        Raises:
            WeightsError: if the file is missing or not a converted face network.
        """
        return cls(GraphModule.from_file(path))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Features of images.

        Args:
            image: (N, 3, H, W) in [-1, 1], one face each; resized to 192 px.

        Returns:
            Five tensors, (N, 16, 96, 96), (N, 32, 48, 48), (N, 64, 24, 24), (N, 128, 12, 12) and
            (N, 128, 6, 6).
        """
        low, high = self.network.range
        x = low + (image + 1) * (0.5 * (high - low))
        size = (self.network.size, self.network.size)
        if x.shape[-2:] != size:
            x = F.interpolate(x, size, mode="bilinear", align_corners=False, antialias=True)
        features = self.network(x)
        return [features[f"level{i}"] / scale for i, scale in enumerate(self.scales)]


def open_features(vgg: str, tell: Callable[[str], None]) -> nn.Module:
    """Return what a perceptual loss compares: VGG-19's features, or the mesh network's.

    Args:
        vgg: file of VGG-19's weights; "" takes the mesh network.
        tell: is told of the latter.

    Raises:
        WeightsError: the file is missing or no VGG-19.
    """
    if vgg:
        return Vgg19Features.load(Path(vgg))
    tell("perceptual loss: features of the face mesh network; --set vgg=FILE for VGG-19")
    return MeshFeatures.load(open_registry().find(MESH))
