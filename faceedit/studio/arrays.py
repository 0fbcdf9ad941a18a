"""Arrays as the bytes of an npz file, which `outputs.write_atomic` then writes."""

import io
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from faceedit.errors import UsageError
from faceedit.outputs import NEW_ONLY, Permit, write_atomic
from faceedit.untrusted import array_names, read_arrays


def pack(arrays: Mapping[str, np.ndarray], compressed: bool = True) -> bytes:
    """Return the npz file that `untrusted.read_arrays` reads.

    Args:
        arrays: by name, none of them of objects.
        compressed: smaller, and slower to write and to read.
    """
    buffer = io.BytesIO()
    save: Callable[..., None] = np.savez_compressed if compressed else np.savez
    save(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


class ArrayTable:
    """A frozen dataclass of arrays that can be kept in a file.

    Attributes:
        kind: what messages call it.
        halves: fields that the file keeps in half precision.
    """

    kind: ClassVar[str]
    halves: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def is_one(cls, path: Path) -> bool:
        """Tell whether a file is one that `save` wrote."""
        return array_names(path) == set(cls._columns())

    def save(self, path: Path, permit: Permit = NEW_ONLY) -> None:
        """Write an npz file.

        Raises:
            WriteError: it cannot be written, or something is there that may not be replaced.
        """
        arrays: dict[str, np.ndarray] = {name: getattr(self, name) for name in self._columns()}
        halves = {k: v.astype(np.float16) for k, v in arrays.items() if k in self.halves}
        write_atomic(path, pack(arrays | halves, compressed=False), permit)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            UsageError: the file is no such table.
        """
        try:
            arrays = read_arrays(path)
            return cls(**{name: arrays[name] for name in cls._columns()})
        except (OSError, ValueError, KeyError) as error:
            raise UsageError(f"{path} is no {cls.kind}: {error}") from error

    @classmethod
    def _columns(cls) -> tuple[str, ...]:
        return tuple(one.name for one in fields(cls))  # pyright: ignore[reportArgumentType]
