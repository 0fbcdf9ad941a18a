"""The nouns of photo files: the photo, what its file was like, and how to write it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from faceedit.errors import UsageError
from faceedit.photos.formats import parse_format
from faceedit.photos.provenance import Provenance


@dataclass(frozen=True, eq=False)
class PhotoFile:
    """A photo file in memory.

    Attributes:
        path: its name; named in errors.
        data: the whole file.
        mtime_ns: its modification time.
        permissions: its permission bits.
    """

    path: Path
    data: bytes
    mtime_ns: int
    permissions: int | None = None


@dataclass(frozen=True)
class Metadata:
    """What a file says beside its pixels, as the output will carry it.

    Orientation is already set to 1 and embedded thumbnails are already dropped.

    Attributes:
        icc: colour profile, byte for byte.
        exif: EXIF as a TIFF block, without the ``Exif`` header.
        xmp: XMP packet.
        photoshop: Photoshop image resources, where IPTC captions and keywords are.
        dpi: horizontal and vertical resolution.
        jpeg_segments: whole marker segments that only a JPEG file can keep (comments, extended
            XMP).
        png_chunks: (type, body) of chunks that only a PNG file can keep (text, colour, time).
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    photoshop: bytes | None = None
    dpi: tuple[float, float] | None = None
    jpeg_segments: tuple[bytes, ...] = ()
    png_chunks: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True)
class Encoding:
    """How the pixels were encoded.

    Attributes:
        tables: JPEG quantisation tables, 64 numbers each in natural order, for upright pixels.
        subsampling: JPEG chroma: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0; None for grey.
        progressive: a progressive JPEG.
        lossless: a lossless WebP.
        compression: Pillow's name of the TIFF compression.
        predictor: TIFF predictor, 1 for none.
        bits: bits of a palette index in PNG.
        chroma: chroma of AVIF and HEIF, such as ``4:2:0``.
    """

    tables: tuple[tuple[int, ...], ...] = ()
    subsampling: int | None = None
    progressive: bool = False
    lossless: bool = False
    compression: str | None = None
    predictor: int = 1
    bits: int = 8
    chroma: str | None = None


@dataclass(frozen=True, eq=False)
class Palette:
    """The palette picture behind a photo.

    Attributes:
        indices: (H, W) uint8, upright.
        colours: (N, 3) uint8 RGB, N at most 256.
        alpha: (N,) uint8 opacity of each colour, or None where all are opaque.
    """

    indices: np.ndarray
    colours: np.ndarray
    alpha: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Source:
    """Everything needed to write a photo back as its file was.

    Attributes:
        format: name from ``formats.FORMATS``.
        mode: ``L``, ``LA``, ``P``, ``RGB`` or ``RGBA``.
        depth: bits per channel, 8 or 16.
        orientation: EXIF orientation that the file had, 1 to 8.
        mtime_ns: modification time of the file.
        palette: the palette picture of mode ``P``.
        notes: what the output cannot keep, in words for the user.
        permissions: permission bits of the file.
    """

    format: str
    mode: str
    depth: int
    orientation: int
    mtime_ns: int
    metadata: Metadata = field(default_factory=Metadata)
    encoding: Encoding = field(default_factory=Encoding)
    palette: Palette | None = None
    notes: tuple[str, ...] = ()
    permissions: int | None = None


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo, upright, as RGB.

    Attributes:
        path: where it was read.
        pixels: (H, W, 3) uint8 or uint16 RGB, the file's own values: grey is repeated and a
            palette looked up, no colour profile is applied.
        alpha: (H, W) opacity of the same type, or None.
        source: what the file was like.
    """

    path: Path
    pixels: np.ndarray
    alpha: np.ndarray | None
    source: Source


class Signer(Protocol):
    """Whatever signs encoded photos, from several threads at once if need be."""

    def sign(self, data: bytes, format: str, target: Path, source: Path | None) -> bytes:
        """Return a photo's file with a signature in it.

        Args:
            data: the encoded file.
            format: its name from ``formats.FORMATS``.
            target: where the bytes will go; named in errors.
            source: the photo that was edited, None where the output may tell nothing of it.

        Raises:
            UnsupportedError: files of this format cannot be signed.
            PhotoError: anything else that is wrong with this photo.
        """
        ...

    def saying(self, provenance: Provenance) -> "Signer":
        """Return a signer that says of photos that they were edited in another way."""
        ...


@dataclass(frozen=True)
class WriteOptions:
    """How outputs are written.

    Attributes:
        quality: 1 to 100 for JPEG, WebP, AVIF and HEIF; None stays near the source's.
        format: another format than the source's, such as ``png``; None takes it from the
            target's name.
        strip: leave out all metadata except what decides the colours (ICC profile and the
            colour chunks of PNG), and tell a signer nothing of the source.
        provenance: how the photos were edited, which goes into the XMP of every format that has
            it (BMP has none), ``strip`` or not; None says nothing.
        signer: signs the files; None leaves them unsigned.

    Raises:
        UsageError: a quality out of range or an unknown format.
    """

    quality: int | None = None
    format: str | None = None
    strip: bool = False
    provenance: Provenance | None = None
    signer: Signer | None = None

    def __post_init__(self):
        """Check the values."""
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise UsageError(f"quality {self.quality} is not between 1 and 100")
        if self.format is not None:
            parse_format(self.format)
