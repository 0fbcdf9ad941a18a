"""What composed methods train on: pairs and shapes, and weights to begin with."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from faceedit.errors import UsageError
from faceedit.methods.fields.generator import FieldGenerator
from faceedit.methods.fields.method import weights_of
from faceedit.nn.loading import build_network
from faceedit.registry import Checkpoint, load_checkpoint, open_registry
from faceedit.studio.arrays import ArrayTable
from faceedit.training.pair_table import PairTable, is_table, pack_shards
from faceedit.training.task import TrainingRequest

T = TypeVar("T", bound=ArrayTable)


def find_table(request: TrainingRequest) -> PairTable:
    """Return the pairs of the data's folders; shards are packed into the run's folder first.

    Raises:
        UsageError: there are none.
    """
    tables = [path for path in request.data if is_table(path)]
    packed = request.folder / "table"
    if tables or is_table(packed):
        return PairTable.load([*tables, packed][0])
    shards = [s for path in request.data if path.is_dir() for s in sorted(path.glob("*.tar"))]
    if not shards:
        raise UsageError(
            f"no pairs among {', '.join(map(str, request.data))}; make them with: "
            "faceedit studio pairs --plain"
        )
    return pack_shards(shards, packed, request.tell)


def are_photos(request: TrainingRequest) -> bool:
    """Tell photos from pairs that the studio made."""
    return not any(
        path.suffix == ".npz" or is_table(path) or next(path.glob("*.tar"), None) is not None
        for path in request.data
    )


def find_archive(request: TrainingRequest, kind: type[T], command: str) -> T:
    """Read a table of the studio from the data's folders and files.

    Args:
        request: names the data.
        kind: of table.
        command: makes one.

    Raises:
        UsageError: there is no such file, or it is damaged.
    """
    for file in _archives(request):
        if kind.is_one(file):
            return kind.load(file)
    raise UsageError(
        f"no {kind.kind} among {', '.join(map(str, request.data))}; make one with: {command}"
    )


def _archives(request: TrainingRequest) -> Iterator[Path]:
    for path in request.data:
        yield from [path] if path.is_file() else sorted(path.glob("*.npz"))


def open_start(start: str, method: str) -> Checkpoint:
    """Open what ``--from`` names: a checkpoint's file, or a method whose weights ship.

    Args:
        start: the name.
        method: that a file has to be of.

    Raises:
        WeightsError: there is none, or it is damaged.
    """
    path = Path(start)
    if path.is_file():
        return load_checkpoint(path, method=method, profile="fast")
    return open_registry().open_method(start, "fast")


def begin_with(
    checkpoint: Checkpoint,
    build: Callable[[Mapping[str, Any]], FieldGenerator],
    generator: FieldGenerator | None = None,
) -> FieldGenerator:
    """Return a generator with the weights of a checkpoint.

    Args:
        checkpoint: of the ``fast`` profile.
        build: makes the generator of an architecture.
        generator: a recipe's, which takes the weights; without one it is made as the checkpoint
            says.

    Raises:
        UsageError: they are of a network of another shape.
    """
    frame = "their architecture" if generator is None else "the recipe"
    tensors, values = weights_of(checkpoint), checkpoint.architecture
    try:
        if generator is None:
            generator = build_network(lambda: build(values), tensors)
        else:
            generator.load_state_dict(tensors)
            generator.calibration = dict(values.get("calibration", {}))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"--from: these weights do not fit {frame}: {error}") from error
    return generator
