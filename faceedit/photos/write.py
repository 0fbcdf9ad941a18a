"""A `Photo` with edited pixels back to a file, and files copied where nothing was edited."""

from pathlib import Path

import numpy as np

from faceedit.errors import PhotoError, UnreadableError, UsageError, WriteError
from faceedit.outputs import NEW_ONLY, Permit, permissions_of, write_atomic
from faceedit.photos.encode import encode
from faceedit.photos.formats import format_of, parse_format
from faceedit.photos.types import Photo, Signer, WriteOptions

__all__ = ["WriteOptions", "copy_photo", "copy_suffices", "write_photo"]


def write_photo(
    photo: Photo,
    target: Path,
    pixels: np.ndarray,
    options: WriteOptions | None = None,
    permit: Permit = NEW_ONLY,
) -> str:
    """Write edited pixels as the photo's file was: format, channels, depth and metadata.

    The output is upright, has the source's modification time and permissions, and appears whole or
    not at all. Missing folders get the permissions of the photo's own.
    In lossless formats unchanged pixels keep exactly the file's values.

    Args:
        photo: as read.
        target: the output; its suffix has to agree with the format.
        pixels: (H, W, 3) RGB of the shape and type of ``photo.pixels``.
        options: quality, format, strip, provenance and signer.
        permit: what may be replaced.

    Returns:
        The file's SHA-256 in hexadecimal.

    Raises:
        UsageError: the target's suffix is no known format or contradicts ``options.format``.
        UnsupportedError: the format cannot hold this photo.
        WriteError: the encoder, the signer or the disk failed; nothing was left behind.
        ValueError: pixels of another shape or type.

    >>> from faceedit.photos import read_photo
    >>> photo = read_photo(Path("photos/a.png"))
    >>> sha256 = write_photo(photo, Path("darker.png"), photo.pixels // 2)
    >>> bool((read_photo(Path("darker.png")).pixels == photo.pixels // 2).all())
    True
    """
    options = options or WriteOptions()
    if pixels.shape != photo.pixels.shape or pixels.dtype != photo.pixels.dtype:
        raise ValueError(
            f"pixels are {pixels.dtype} {pixels.shape}, "
            f"the photo's are {photo.pixels.dtype} {photo.pixels.shape}"
        )
    format = _format(target, options)
    try:
        data = encode(photo, target, np.ascontiguousarray(pixels), format, options)
    except PhotoError:
        raise
    # Encoders raise many things, and one photo's failure may not end the run.
    except Exception as error:
        reason = f"it cannot be encoded as {format} ({error or type(error).__name__})"
        raise WriteError(target, reason) from error
    if options.signer is not None:
        data = _signed(options.signer, data, format, target, None if options.strip else photo.path)
    source = photo.source
    return write_atomic(
        target,
        data,
        permit,
        permissions=source.permissions,
        mtime_ns=source.mtime_ns,
        like=photo.path.parent,
    )


def _signed(signer: Signer, data: bytes, format: str, target: Path, source: Path | None) -> bytes:
    try:
        return signer.sign(data, format, target, source)
    except PhotoError:
        raise
    except Exception as error:
        reason = f"it cannot be signed ({str(error) or type(error).__name__})"
        raise WriteError(target, reason) from error


def _format(target: Path, options: WriteOptions) -> str:
    named = format_of(target)
    if named is None:
        raise UsageError(f"{target}: {target.suffix or 'no suffix'} is no known photo format")
    if options.format is not None and parse_format(options.format)[0] != named:
        raise UsageError(f"{target}: the name does not end like a {options.format} file")
    return named


def copy_suffices(source: Path, target: Path, options: WriteOptions | None = None) -> bool:
    """Say whether an unedited photo may be copied, or must go through ``write_photo``.

    A copy keeps format and metadata, so it would be wrong where either was to change.
    """
    strip = options is not None and options.strip
    return not strip and format_of(source) == format_of(target)


def copy_photo(source: Path, target: Path, permit: Permit = NEW_ONLY) -> str:
    """Copy a file byte for byte, with its modification time and permissions, whole or not at all.

    Args:
        source: a photo.
        target: the output, of the same format.
        permit: what may be replaced.

    Returns:
        The file's SHA-256 in hexadecimal.

    Raises:
        UnreadableError: the source cannot be read.
        WriteError: the formats differ, or the disk failed; nothing was left behind.
    """
    if not copy_suffices(source, target):
        raise WriteError(target, f"a copy of a {source.suffix} file cannot have this name")
    try:
        status = source.stat()
        data = source.read_bytes()
    except OSError as error:
        raise UnreadableError(source, error.strerror or str(error)) from error
    return write_atomic(
        target,
        data,
        permit,
        permissions=permissions_of(status),
        mtime_ns=status.st_mtime_ns,
        like=source.parent,
    )
