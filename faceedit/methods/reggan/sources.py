"""What RegGAN trains on: pairs, shapes and smiles of the studio, and weights to begin with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from faceedit.errors import UsageError
from faceedit.methods.reggan.generator import FieldGenerator
from faceedit.registry import Checkpoint, load_checkpoint, open_registry
from faceedit.studio.shapes import ShapeTable
from faceedit.studio.smiles import Smiles
from faceedit.training.field_table import FieldTable, is_table, pack_shards
from faceedit.training.task import Request

T = TypeVar("T")


@dataclass(frozen=True)
class Sources:
    """What a folder of training data holds.

    Attributes:
        table: pairs.
        shapes: where landmarks go.
        smiles: mouths to learn teeth from, None without any.
    """

    table: FieldTable
    shapes: ShapeTable
    smiles: Smiles | None


def find_table(request: Request) -> FieldTable:
    """Return the pairs of the data's folders; shards are packed into the run's folder first.

    Raises:
        UsageError: there are none.
    """
    tables = [path for path in request.data if is_table(path)]
    packed = request.folder / "table"
    if tables or is_table(packed):
        return FieldTable.load([*tables, packed][0])
    shards = [s for path in request.data if path.is_dir() for s in sorted(path.glob("*.tar"))]
    if not shards:
        raise UsageError(
            f"no pairs among {', '.join(map(str, request.data))}; make them with: "
            "faceedit studio pairs --plain"
        )
    return pack_shards(shards, packed, request.tell)


def read_sources(request: Request) -> Sources:
    """Read what the data's folders and files hold.

    Raises:
        UsageError: there are no pairs or no shapes.
    """
    files = [
        file
        for path in request.data
        for file in ([path] if path.is_file() else sorted(path.glob("*.npz")))
    ]
    shapes = next((file for file in files if ShapeTable.is_one(file)), None)
    smiles = next((file for file in files if Smiles.is_one(file)), None)
    if shapes is None:
        raise UsageError(
            f"no shapes among {', '.join(map(str, request.data))}; make them with: "
            "faceedit studio shapes"
        )
    return Sources(
        find_table(request),
        ShapeTable.load(shapes),
        None if smiles is None else Smiles.load(smiles),
    )


def begin_together(rank: int, begin: Callable[[], T]) -> T | None:
    """Do in the first process what the others wait for; weights they get from it later.

    Returns:
        What `begin` gave, in the first process.
    """
    result = begin() if rank == 0 else None
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
    return result


def open_start(start: str) -> Checkpoint:
    """Open what ``--from`` names: a checkpoint's file, or a method whose weights ship.

    Raises:
        WeightsError: there is none, or it is damaged.
    """
    path = Path(start)
    if path.is_file():
        return load_checkpoint(path, method="reggan", profile="fast")
    return open_registry().open_method(start, "fast", ())


def begin_with(generator: FieldGenerator, checkpoint: Checkpoint) -> np.ndarray:
    """Give a generator the weights of a checkpoint and return its textures of teeth.

    Raises:
        UsageError: they are of a network of another shape.
    """
    tensors = {name: tensor.float() for name, tensor in checkpoint.tensors.items()}
    try:
        textures = tensors.pop("textures").numpy()
        generator.load_state_dict(tensors)
    except (KeyError, RuntimeError) as error:
        raise UsageError(f"--from: these weights do not fit the recipe: {error}") from error
    return textures
