"""Frames to a file: MP4 by PyAV; GIF, WebP and a folder of PNG by Pillow."""

import io
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from faceedit.errors import MissingError, PlanError, UsageError, WriteError
from faceedit.outputs import (
    TEMPORARY,
    Permit,
    check_writable,
    make_folders,
    refusal,
    write_atomic,
)
from faceedit.photos.provenance import Provenance, add_provenance

FOLDER = "frames"
"""Kind of an output without a suffix."""
SUFFIXES = (".mp4", ".gif", ".webp")
FASTEST_GIF = 50
"""Frames a second: programs show shorter delays than 20 ms as 100 ms."""
LONGEST_GIF = 1000
"""Frames, which Pillow holds in memory all at once."""
PALETTE = 256
DITHER = 10.0
"""Of 255: how far a GIF's colours are spread by a pattern that stands still."""
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)
CRF, PRESET = "18", "medium"
"""Of x264: 18 is hardly to be told from the frames."""
BT709, SRGB = 1, 13
"""Numbers of ISO 23091-2."""
WEBP_QUALITY = 90
_NAME = "frame-{:05d}.png"


@dataclass(frozen=True)
class Clip:
    """What is written beside the frames.

    Attributes:
        fps: frames a second.
        loop: repeat for ever, where the format can say so; otherwise the last frame stays.
        said: how the frames were made; None says nothing.
    """

    fps: Fraction
    loop: bool = False
    said: Provenance | None = None

    @property
    def words(self) -> str:
        """What formats without XMP say."""
        if self.said is None:
            return ""
        return f"Edited by AI: faceedit {self.said.version}, {self.said.method}, {self.said.target}"

    def delays(self, count: int, step: int) -> list[int]:
        """Return milliseconds of each frame in whole steps, whose sum stays right.

        >>> Clip(Fraction(24)).delays(6, 10)
        [40, 40, 40, 50, 40, 40]
        """
        ends = [round(at * 1000 / (self.fps * step)) * step for at in range(count + 1)]
        return [end - start for start, end in pairwise(ends)]


def kind_of(output: str) -> str:
    """Return what an output's name asks for: one of `SUFFIXES`, or `FOLDER`.

    Raises:
        UsageError: it ends otherwise.
    """
    suffix = Path(output).suffix.lower()
    if suffix in SUFFIXES and not output.endswith(("/", "\\")):
        return suffix
    if not output or (suffix and not output.endswith(("/", "\\"))):
        raise UsageError(
            f"{output or 'the output'}: a clip is written as {', '.join(SUFFIXES)}, or as PNG "
            "files to a folder such as frames/"
        )
    return FOLDER


def check_clip(output: Path, kind: str, count: int, fps: Fraction, permit: Permit) -> None:
    """Refuse, before any work, what could not be written.

    Args:
        output: file or folder.
        kind: from `kind_of`.
        count: number of frames.
        fps: frames a second.
        permit: what may be replaced.

    Raises:
        UsageError: a GIF that is too fast or too long.
        PlanError: something is in the way.
        MissingError: PyAV is not installed, or cannot write H.264.
    """
    if kind == FOLDER:
        _check_folder(output, count, permit)
        return
    check_writable([output], permit)
    if kind == ".gif" and fps > FASTEST_GIF:
        raise UsageError(
            f"{output}: a GIF has at most {FASTEST_GIF} frames a second, not {float(fps):g}"
        )
    if kind == ".gif" and count > LONGEST_GIF:
        raise UsageError(
            f"{output}: a GIF has at most {LONGEST_GIF} frames, not {count}; write .mp4 or .webp"
        )
    if kind == ".mp4":
        _pyav()


def write_clip(
    output: Path,
    kind: str,
    frames: Sequence[np.ndarray],
    clip: Clip,
    permit: Permit,
) -> None:
    """Write a clip whole, or nothing.

    Args:
        output: file or folder.
        kind: from `kind_of`.
        frames: (H, W, 3) uint8 RGB each, sRGB; they are gone through once, and a GIF asks for
            some of them before.
        clip: what is written beside them.
        permit: what may be replaced.

    Raises:
        WriteError: it cannot be written.
        MissingError: as in `check_clip`.
    """
    if kind == FOLDER:
        _write_folder(output, frames, clip, permit)
        return
    encode: dict[str, Callable[[Sequence[np.ndarray], Clip], bytes]] = {
        ".mp4": _encode_mp4, ".gif": _encode_gif, ".webp": _encode_webp,
    }  # fmt: skip
    write_atomic(output, encode[kind](frames, clip), permit)


def _pyav() -> Any:
    try:
        av = import_module("av")
        av.codec.Codec("libx264", "w")
    except ImportError as error:
        raise MissingError("MP4 needs PyAV: pip install 'faceedit[video]'") from error
    except ValueError as error:
        raise MissingError(
            "this PyAV cannot write H.264: pip install --force-reinstall 'faceedit[video]'"
        ) from error
    return av


def _encode_mp4(frames: Sequence[np.ndarray], clip: Clip) -> bytes:
    """Encode H.264 in 4:2:0, which takes even sides: an odd last row or column is left out."""
    av = _pyav()
    later = iter(frames)
    first = next(later)
    height, width = (side // 2 * 2 for side in first.shape[:2])
    # Moving the index to the front takes a file that can be read again.
    with tempfile.TemporaryDirectory(prefix="faceedit-clip-") as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            container.metadata["comment"] = clip.words
            stream = container.add_stream("libx264", rate=clip.fps)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"crf": CRF, "preset": PRESET}
            context = stream.codec_context
            context.time_base = 1 / clip.fps
            context.colorspace = context.color_primaries = BT709
            context.color_trc, context.color_range = SRGB, 1
            for number, frame in enumerate(chain([first], later)):
                rgb = np.ascontiguousarray(frame[:height, :width])
                picture = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
                    format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
                )
                picture.pts, picture.time_base = number, 1 / clip.fps
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        return path.read_bytes()


def _encode_webp(frames: Sequence[np.ndarray], clip: Clip) -> bytes:
    file, pictures = io.BytesIO(), map(Image.fromarray, frames)
    next(pictures).save(
        file,
        "WEBP",
        save_all=True,
        append_images=pictures,
        duration=clip.delays(len(frames), 1),
        loop=0 if clip.loop else 1,
        quality=WEBP_QUALITY,
        kmin=0,
        kmax=0,
        xmp=_packet(clip),
    )
    return file.getvalue()


def _encode_gif(frames: Sequence[np.ndarray], clip: Clip) -> bytes:
    """Encode with one palette, that of the frames at both ends and half way.

    Error diffusion would let still skin flicker: colours are spread by a pattern instead.
    """
    some = np.concatenate([frames[at] for at in (0, len(frames) // 2, len(frames) - 1)])
    palette = Image.fromarray(some).quantize(PALETTE, Image.Quantize.MEDIANCUT)
    file, pictures = io.BytesIO(), (_indexed(frame, palette) for frame in frames)
    next(pictures).save(
        file,
        "GIF",
        save_all=True,
        append_images=pictures,
        duration=clip.delays(len(frames), 10),
        optimize=False,
        disposal=1,
        comment=clip.words.encode(),
        **({"loop": 0} if clip.loop else {}),
    )
    return file.getvalue()


def _indexed(picture: np.ndarray, palette: Image.Image) -> Image.Image:
    height, width = picture.shape[:2]
    spread = np.tile((BAYER / 15 - 0.5) * DITHER, (-(-height // 4), -(-width // 4)))
    values = np.clip(picture + spread[:height, :width, None], 0, 255)
    image = Image.fromarray(np.rint(values).astype(np.uint8))
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _packet(clip: Clip) -> bytes:
    return b"" if clip.said is None else add_provenance(None, clip.said)


def _encode_png(frame: np.ndarray, clip: Clip) -> bytes:
    file, info = io.BytesIO(), PngImagePlugin.PngInfo()
    if clip.said is not None:
        info.add_itxt("XML:com.adobe.xmp", _packet(clip).decode())
    Image.fromarray(frame).save(file, "PNG", pnginfo=info, compress_level=4)
    return file.getvalue()


def _check_folder(folder: Path, count: int, permit: Permit) -> None:
    if folder.exists() and not folder.is_dir():
        raise PlanError(f"{folder}: a file is in the way; name another folder")
    check_writable([folder / _NAME.format(at) for at in range(1, count + 1)], permit)
    there = [] if not folder.is_dir() else [one.name for one in folder.iterdir()]
    further = sorted(name for name in there if re.fullmatch(r"frame-\d{5}\.png", name))
    if further and further[-1] > _NAME.format(count):
        raise PlanError(
            f"{folder}: a longer clip is there, up to {further[-1]}; name another folder"
        )


def _write_folder(folder: Path, frames: Iterable[np.ndarray], clip: Clip, permit: Permit) -> None:
    """Write the frames beside the folder, and then move all of them there."""
    staging = folder.absolute().parent / f".{TEMPORARY}{secrets.token_hex(8)}"
    try:
        make_folders(staging)
        names: list[str] = []
        for number, frame in enumerate(frames, 1):
            names.append(_NAME.format(number))
            (staging / names[-1]).write_bytes(_encode_png(frame, clip))
        _move(staging, folder, names, permit)
    except OSError as error:
        raise WriteError(folder, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _move(staging: Path, folder: Path, names: Sequence[str], permit: Permit) -> None:
    if not folder.exists():
        staging.rename(folder)
        return
    for name in names:
        why = refusal(folder / name, permit)
        if why is not None:
            raise WriteError(folder / name, why)
    for name in names:
        (staging / name).replace(folder / name)
