"""A safetensors file's header, read by hand so that every wrong file gets its own message."""

import hashlib
import os
import struct
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from faceedit.errors import WeightsError
from faceedit.untrusted import open_regular, parse_json

MAX_CHECKPOINT = 1 << 30
"""Bytes of a checkpoint; the largest that ships has 16 MB."""
MAX_HEADER = 1 << 22
"""Bytes of its header; the longest that ships has 93 kB."""
MAX_NAME = 64
"""Characters in the names of a method and a profile."""

_PREFIX = 8
_LFS_MAGIC = b"version https://git-lfs"
_ZIP_MAGIC = b"PK\x03\x04"
_PICKLE_MAGICS = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))


@dataclass(frozen=True)
class Header:
    """What a checkpoint says of itself.

    Attributes:
        path: the file.
        method: the method or network that reads it.
        profile: the variant of that method.
        architecture: the parameters that build the network.
        metadata: all of the file's metadata, as it stands there.
    """

    path: Path
    method: str
    profile: str
    architecture: dict
    metadata: dict[str, str]


def sha256_of(path: Path) -> str:
    """Return the hash of a whole file as 64 lower-case hexadecimal digits.

    Raises:
        WeightsError: it cannot be read, is no regular file, or is larger than `MAX_CHECKPOINT`.
    """
    with _open(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_header(path: Path) -> Header:
    """Check that a file is a whole safetensors checkpoint of ours and read what it is.

    Args:
        path: the file; its name does not matter.

    Raises:
        WeightsError: the file is missing, empty, truncated, larger than `MAX_CHECKPOINT`, something
            else (a pipe, a git-lfs pointer, a pickle, ...), or its metadata does not name method,
            profile and architecture.
    """
    content = _read_json(path)
    metadata = content.get("__metadata__", {})
    missing = [key for key in ("method", "profile", "architecture") if not metadata.get(key)]
    if missing:
        raise WeightsError(
            f"{path}: its metadata does not name {', '.join(missing)}; what a checkpoint is is "
            "never guessed from its tensors, so write it with faceedit's write_checkpoint"
        )
    for key in ("method", "profile"):
        if len(metadata[key]) > MAX_NAME or not metadata[key].isprintable():
            raise WeightsError(
                f"{path}: the {key} in its metadata is no name of at most {MAX_NAME} characters"
            )
    try:
        architecture = parse_json(metadata["architecture"])
    except ValueError:
        architecture = None
    if not isinstance(architecture, dict):
        raise WeightsError(f"{path}: 'architecture' in its metadata is not a JSON object")
    return Header(path, metadata["method"], metadata["profile"], architecture, metadata)


def _open(path: Path) -> BufferedReader:
    """Open a file of weights.

    Raises:
        WeightsError: it cannot be opened, is no regular file, or is too large.
    """
    try:
        return open_regular(path, MAX_CHECKPOINT)
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such weights file") from None
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise WeightsError(f"{path}: {error}; weights are .safetensors files") from None


def _read_json(path: Path) -> dict:
    try:
        with _open(path) as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(64)
            _check_start(path, start, size)
            (length,) = struct.unpack_from("<Q", start)
            file.seek(_PREFIX)
            raw = file.read(length)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        content = parse_json(raw)
        end = max(
            (t["data_offsets"][1] for k, t in content.items() if k != "__metadata__"), default=0
        )
        sound = all(isinstance(v, str) for v in content.get("__metadata__", {}).values())
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        why = f" ({error})" if type(error) is ValueError else ""
        raise WeightsError(
            f"{path}: its safetensors header is damaged{why}; fetch it again"
        ) from None
    if not sound or not isinstance(end, int):
        raise WeightsError(f"{path}: its safetensors header is damaged; fetch it again")
    expected = _PREFIX + length + end
    if size < expected:
        raise WeightsError(
            f"{path}: truncated, {size} of {expected} bytes are there; fetch it again"
        )
    if size > expected:
        raise WeightsError(
            f"{path}: {size - expected} bytes too long for its header; fetch it again"
        )
    return content


def _check_start(path: Path, start: bytes, size: int) -> None:
    if size == 0:
        raise WeightsError(f"{path}: is empty; fetch it again")
    if start.startswith(_LFS_MAGIC):
        raise WeightsError(
            f"{path}: is a git-lfs pointer, not the weights; run 'git lfs pull' in that checkout"
        )
    if start.startswith(_ZIP_MAGIC):
        raise WeightsError(_foreign(path, "a zip archive, as torch.save writes"))
    # A header of the right length can begin like a pickle, but then its JSON follows.
    if start.startswith(_PICKLE_MAGICS) and start[_PREFIX : _PREFIX + 1] != b"{":
        raise WeightsError(_foreign(path, "a pickle"))
    if size < _PREFIX:
        raise WeightsError(f"{path}: truncated, only {size} bytes are there; fetch it again")
    (length,) = struct.unpack_from("<Q", start)
    if length > MAX_HEADER:
        raise WeightsError(
            f"{path}: over-long header, it claims {length} bytes where {MAX_HEADER} are allowed; "
            "this is not a safetensors file or it is damaged"
        )
    if length > size - _PREFIX:
        raise WeightsError(
            f"{path}: over-long header, it claims {length} bytes of a file of {size}; "
            "the file is truncated or damaged, fetch it again"
        )


def _foreign(path: Path, kind: str) -> str:
    return (
        f"{path}: is {kind}, not safetensors; it could run code when loaded and is refused. "
        "Use the .safetensors file of these weights"
    )
