"""Channels and metadata to the bytes of one file, one function per format."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from faceedit.errors import UnsupportedError
from faceedit.photos import heif, jpeg, png, tiff
from faceedit.photos.pixels import pack
from faceedit.photos.provenance import add_provenance
from faceedit.photos.types import Encoding, Metadata, Photo, WriteOptions
from faceedit.photos.xmp import without_padding

# What "near the source's" is where a file does not say how strongly it was compressed, and
# what a photo gets that changes its format.
_QUALITY = {"jpeg": 95, "webp": 90, "avif": 85, "heif": 85}
_TIFF_CODES = {"raw": 1, "tiff_lzw": 5, "tiff_adobe_deflate": 8, "packbits": 32773}
_TIFF_LOSSLESS = (*_TIFF_CODES, "zstd", "lzma")
_PREDICTABLE = ("tiff_lzw", "tiff_adobe_deflate", "zstd")


def encode(
    photo: Photo, target: Path, pixels: np.ndarray, format: str, options: WriteOptions
) -> bytes:
    """Return a photo's file with other pixels.

    Args:
        photo: as read.
        target: where the bytes will go; named in errors.
        pixels: (H, W, 3) RGB of the type of ``photo.pixels``.
        format: name from ``formats.FORMATS``.
        options: quality, strip and provenance; the others are not looked at.

    Raises:
        UnsupportedError: transparency, metadata or a colour profile that the format cannot hold.
        Exception: what the encoder raises.
    """
    mode, channels = pack(photo, target, pixels, format)
    same = format == photo.source.format
    encoding = photo.source.encoding if same else Encoding()
    metadata = _metadata(photo, format, options)
    is_grey_profile = metadata.icc is not None and metadata.icc[16:20] == b"GRAY"
    if is_grey_profile and mode not in ("L", "LA") and photo.source.mode in ("L", "LA"):
        raise UnsupportedError(
            photo.path, f"its grey colour profile cannot go into a {format} file, which has no grey"
        )
    if mode == "P":
        image = _palette_image(photo, channels)
    elif channels.dtype == np.uint16 and channels.ndim == 3:
        return _ENCODERS_16[format](channels, metadata, encoding)
    else:
        image = Image.fromarray(channels)
    quality = options.quality
    if quality is None and not (same and (encoding.tables or encoding.lossless)):
        quality = _QUALITY.get(format)
    try:
        return _ENCODERS[format](image, metadata, encoding, quality, photo)
    except jpeg.TooLargeError as error:
        reason = f"{error}: write another format or use --strip"
        if options.provenance:
            reason += " or --no-provenance"
        raise UnsupportedError(photo.path, reason) from error


def _metadata(photo: Photo, format: str, options: WriteOptions) -> Metadata:
    """Return what the output says beside its pixels."""
    metadata = photo.source.metadata
    if options.strip:
        metadata = png.colour_only(metadata)
    if options.provenance is None:
        return metadata
    packet = add_provenance(metadata.xmp, options.provenance)
    if format == "jpeg" and len(packet) > jpeg.LARGEST_XMP:
        packet = without_padding(packet)
    return replace(metadata, xmp=packet)


def _palette_image(photo: Photo, indices: np.ndarray) -> Image.Image:
    palette = photo.source.palette
    assert palette is not None
    image = Image.fromarray(indices)
    image.putpalette(palette.colours.tobytes())
    if palette.alpha is not None:
        image.info["transparency"] = palette.alpha.tobytes()
    return image


def _jpeg(
    image: Image.Image, metadata: Metadata, encoding: Encoding, quality: int | None, photo: Photo
) -> bytes:
    options: dict[str, Any] = {} if quality is None else {"quality": quality}
    if quality is None:
        options["qtables"] = [list(table) for table in encoding.tables]
    if image.mode == "RGB":
        options["subsampling"] = encoding.subsampling or 0
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    stream = io.BytesIO()
    try:
        image.save(stream, "JPEG", progressive=encoding.progressive, **options)
    except OSError:
        # Pillow's buffer is too small for the noisiest progressive pictures.
        if not encoding.progressive:
            raise
        stream = io.BytesIO()
        image.save(stream, "JPEG", **options)
    return jpeg.add_metadata(stream.getvalue(), metadata)


def _png(
    image: Image.Image, metadata: Metadata, encoding: Encoding, quality: int | None, photo: Photo
) -> bytes:
    # Level 4 is as small as Pillow's own 6 on photos, and faster.
    options: dict[str, Any] = {"compress_level": 4}
    if image.mode == "P":
        options["bits"] = encoding.bits
        if "transparency" in image.info:
            options["transparency"] = image.info.pop("transparency")
    stream = io.BytesIO()
    image.save(stream, "PNG", **options)
    return png.add_metadata(stream.getvalue(), metadata)


def _png_16(channels: np.ndarray, metadata: Metadata, encoding: Encoding) -> bytes:
    return png.add_metadata(_opencv(".png", channels, []), metadata)


def _webp(
    image: Image.Image, metadata: Metadata, encoding: Encoding, quality: int | None, photo: Photo
) -> bytes:
    stream = io.BytesIO()
    image = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    options = {"lossless": True} if quality is None else {"quality": quality}
    image.save(
        stream,
        "WEBP",
        exact=True,
        icc_profile=metadata.icc or b"",
        exif=metadata.exif or b"",
        xmp=metadata.xmp or b"",
        **options,
    )
    return stream.getvalue()


def _tiff(
    image: Image.Image, metadata: Metadata, encoding: Encoding, quality: int | None, photo: Photo
) -> bytes:
    compression = encoding.compression or "tiff_lzw"
    options = {}
    if compression == "jpeg" and image.mode in ("L", "RGB"):
        options["quality"] = quality or 95
    elif compression not in _TIFF_LOSSLESS:
        compression = "tiff_lzw"
    if compression in _PREDICTABLE and image.mode != "P":
        options["tiffinfo"] = {317: 2 if encoding.predictor == 2 else 1}
    stream = io.BytesIO()
    image.save(stream, "TIFF", compression=compression, **options)
    return tiff.merge(stream.getvalue(), _tiff_fields(metadata))


def _tiff_16(channels: np.ndarray, metadata: Metadata, encoding: Encoding) -> bytes:
    code = _TIFF_CODES.get(encoding.compression or "tiff_lzw", 5)
    # OpenCV takes TIFF's own numbers for 259 (compression) and 317 (predictor).
    options = [259, code, 317, 2 if code in (5, 8) and encoding.predictor == 2 else 1]
    fields = _tiff_fields(metadata)
    if channels.shape[2] == 4:
        fields[tiff.EXTRA_SAMPLES] = tiff.shorts(2)
    return tiff.merge(_opencv(".tiff", channels, options), fields)


def _tiff_fields(metadata: Metadata) -> tiff.Directory:
    """Return all metadata as fields of the picture's own directory."""
    fields: tiff.Directory = tiff.resolution(metadata.dpi) if metadata.dpi else {}
    if metadata.exif:
        for tag, entry in tiff.directories(metadata.exif)[0].items():
            if tag not in tiff.STRUCTURAL:
                fields[tag] = entry
    if metadata.xmp:
        fields[tiff.XMP] = tiff.data(metadata.xmp, tiff.BYTE)
    if metadata.photoshop:
        fields[tiff.PHOTOSHOP] = tiff.data(metadata.photoshop)
    if metadata.icc:
        fields[tiff.ICC] = tiff.data(metadata.icc)
    if tiff.ORIENTATION in fields:
        fields[tiff.ORIENTATION] = tiff.shorts(1)
    return fields


def _bmp(
    image: Image.Image, metadata: Metadata, encoding: Encoding, quality: int | None, photo: Photo
) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "BMP", dpi=metadata.dpi or (96, 96))
    return stream.getvalue()


def _avif(
    image: Image.Image, metadata: Metadata, encoding: Encoding, quality: int | None, photo: Photo
) -> bytes:
    stream = io.BytesIO()
    options = {"subsampling": encoding.chroma} if encoding.chroma and image.mode != "L" else {}
    image.save(
        stream,
        "AVIF",
        quality=quality,
        icc_profile=metadata.icc or b"",
        exif=metadata.exif or b"",
        xmp=metadata.xmp or b"",
        **options,
    )
    return stream.getvalue()


def _heif(
    image: Image.Image, metadata: Metadata, encoding: Encoding, quality: int | None, photo: Photo
) -> bytes:
    chroma = encoding.chroma if image.mode != "L" else None
    carried = (metadata.icc, metadata.exif, metadata.xmp)
    return heif.encode(photo.path, image, quality or _QUALITY["heif"], chroma, *carried)


def _opencv(suffix: str, channels: np.ndarray, options: list[int]) -> bytes:
    """Encode (H, W, 3 or 4) uint16, which Pillow cannot."""
    import cv2

    order = [2, 1, 0, 3][: channels.shape[2]]
    done, data = cv2.imencode(suffix, np.ascontiguousarray(channels[..., order]), options)
    if not done:
        raise OSError("OpenCV could not encode 16-bit pixels")
    return data.tobytes()


_ENCODERS: dict[str, Callable[[Image.Image, Metadata, Encoding, int | None, Photo], bytes]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "tiff": _tiff,
    "bmp": _bmp,
    "avif": _avif,
    "heif": _heif,
}
_ENCODERS_16: dict[str, Callable[[np.ndarray, Metadata, Encoding], bytes]] = {
    "png": _png_16,
    "tiff": _tiff_16,
}
