"""The face finder made from the registry's checkpoints, so that their hashes are checked."""

import torch

from faceedit.errors import WeightsError
from faceedit.faces.batching import Batching
from faceedit.faces.find.finder import FaceFinder, FindOptions
from faceedit.faces.find.graph import GraphModule
from faceedit.registry import Registry

FACE_NETWORKS = SHORT, FULL, MESH = "blazeface-short", "blazeface-full", "attention-mesh"
"""Names of the checkpoints."""


def build_finder(
    registry: Registry,
    device: torch.device | str = "cpu",
    options: FindOptions | None = None,
    batching: Batching | None = None,
) -> FaceFinder:
    """Load the three face networks.

    Args:
        registry: where checkpoints are.
        device: where they run.
        options: what to find.
        batching: how many squares each network takes at once; None fits the device.

    Raises:
        WeightsError: a checkpoint is missing or is not what its card says.
    """
    networks = []
    for name in FACE_NETWORKS:
        checkpoint = registry.checkpoint(name)
        network = GraphModule.from_tensors(checkpoint.tensors, checkpoint.metadata)
        networks.append(network.to(device).eval())
    try:
        return FaceFinder(*networks, options=options, batching=batching)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise WeightsError(f"{', '.join(FACE_NETWORKS)}: not the face networks: {error}") from error
