"""Arrays as the bytes of an npz file, which `outputs.write_atomic` then writes."""

import io
from collections.abc import Callable, Mapping

import numpy as np


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
