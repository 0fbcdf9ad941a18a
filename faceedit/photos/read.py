"""One file to one `Photo`, or an error that says what is wrong with that file."""

import stat
from dataclasses import replace
from pathlib import Path

from PIL import Image

from faceedit.errors import PhotoError, UnreadableError, UnsupportedError, is_out_of_memory
from faceedit.outputs import permissions_of
from faceedit.photos import metadata as meta
from faceedit.photos.budget import BombError, Budget, Spending
from faceedit.photos.decode import decode
from faceedit.photos.formats import kind_of, sniff
from faceedit.photos.pixels import turn
from faceedit.photos.provenance import is_marked
from faceedit.photos.types import Encoding, Photo, PhotoFile, Source

_MAX_BYTES = 2 << 30


def read_photo(path: Path, budget: Budget | None = None) -> Photo:
    """Read a photo, upright by its EXIF orientation.

    Handled, and written back in the same mode and depth: 8-bit RGB and grey in every format
    that has them; 8-bit RGBA and grey with alpha; 8-bit palettes with or without transparency
    (changed pixels take colours of the same palette); 16-bit grey, RGB and RGBA in PNG and TIFF.

    Refused with a reason: CMYK, Lab, 1, 2 and 4-bit grey, 32-bit and floating point, 16-bit grey
    with alpha, a colour that stands for transparency, premultiplied alpha that is not opaque,
    more than one extra channel, AVIF and HEIC of more than 8 bits, BMP of 16 bits or with alpha,
    BigTIFF, every GIF, animations and several pages. Thumbnail pages and a phone's extra pictures
    behind a JPEG or HEIC file are left out, the latter with a note in ``source.notes``.

    Args:
        path: a photo file.
        budget: what it may cost; by default as much as this machine allows one process. What needs
            more memory or has more pixels is refused from its header alone.

    Raises:
        UnreadableError: missing, empty, truncated, broken, too large or too slow to decode, or no
            picture.
        UnsupportedError: a sound file that could not be written back as it was, or one whose
            name promises another format.

    >>> photo = read_photo(Path("portrait.jpg"))
    >>> photo.pixels.shape, str(photo.pixels.dtype)
    ((320, 320, 3), 'uint8')
    """
    return decode_photo(load_file(path), budget)


def decode_photo(file: PhotoFile, budget: Budget | None = None) -> Photo:
    """Decode a file that was loaded; arguments and errors as in `read_photo`."""
    path, data = file.path, file.data
    format = _identify(path, data)
    spending = Spending(path, len(data), budget or Budget())
    try:
        return _decode(file, format, spending)
    except PhotoError:
        raise
    except BombError as error:
        raise UnreadableError(path, str(error)) from error
    except Image.DecompressionBombError as error:
        raise UnreadableError(path, f"it has too many pixels for its format ({error})") from error
    # Decoders raise almost anything on broken files, and no file may end the whole run.
    except Exception as error:
        if is_out_of_memory(error):
            reason = "there is not enough memory to decode it"
            raise UnreadableError(path, reason) from error
        reason = str(error) or type(error).__name__
        raise UnreadableError(path, f"its {format} data is broken or cut off ({reason})") from error


def says_edited(path: Path) -> bool:
    """Say whether a photo says of itself that faceedit edited it; one that is broken does not."""
    try:
        return is_marked(read_photo(path).source.metadata.xmp)
    except PhotoError:
        return False


def _decode(file: PhotoFile, format: str, spending: Spending) -> Photo:
    decoded = decode(file.data, format, spending)
    orientation = meta.orientation(decoded.metadata)
    turned = orientation >= 5
    raster = decoded.raster if decoded.is_upright else turn(decoded.raster, orientation)
    return Photo(
        file.path,
        raster.pixels,
        raster.alpha,
        Source(
            format=format,
            mode=raster.mode,
            depth=8 * raster.pixels.itemsize,
            orientation=orientation,
            mtime_ns=file.mtime_ns,
            metadata=meta.upright(decoded.metadata, turned),
            encoding=_turn_tables(decoded.encoding) if turned else decoded.encoding,
            palette=raster.palette,
            notes=decoded.notes or meta.notes(decoded.metadata),
            permissions=file.permissions,
        ),
    )


def load_file(path: Path) -> PhotoFile:
    """Load the bytes of a photo file.

    Raises:
        UnreadableError: missing, empty, larger than 2 GiB or than the memory, or no regular file.
    """
    try:
        status = path.stat()
        # Opening a pipe would wait for ever.
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(path, "it is not a regular file")
        if status.st_size > _MAX_BYTES:
            raise UnreadableError(path, "it is larger than 2 GiB")
        Spending(path, status.st_size, Budget()).check_bytes(status.st_size)
        data = path.read_bytes()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError) and path.is_symlink()
        reason = "it is a link to a file that does not exist" if missing else error.strerror
        raise UnreadableError(path, reason or str(error)) from error
    if not data:
        raise UnreadableError(path, "it is empty")
    return PhotoFile(path, data, status.st_mtime_ns, permissions_of(status))


def _identify(path: Path, data: bytes) -> str:
    """Return the format, which name and content must agree on."""
    promised, found = kind_of(path), sniff(data[:64])
    if promised is None:
        raise UnsupportedError(path, f"{path.suffix or 'a name without suffix'} is no known format")
    if found is None:
        raise UnreadableError(path, f"its content is not {promised} nor another known format")
    if found != promised:
        raise UnsupportedError(
            path, f"its name says {promised} but its content is {found}: rename it first"
        )
    if found == "gif":
        raise UnsupportedError(path, "it is a GIF, made for frames: save one of them as PNG first")
    return found


def _turn_tables(encoding: Encoding) -> Encoding:
    """Return the encoding of the picture with rows and columns exchanged."""
    tables = tuple(
        tuple(table[8 * column + row] for row in range(8) for column in range(8))
        for table in encoding.tables
    )
    # 4:2:2 halves chroma along the rows, which are columns now, and Pillow writes no 4:4:0.
    subsampling = 0 if encoding.subsampling == 1 else encoding.subsampling
    return replace(encoding, tables=tables, subsampling=subsampling)
