"""The run: photos read one ahead, their faces looked at in batches, whatever becomes of others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from faceedit.analysis.analyzer import FaceAnalyzer, FoundFace
from faceedit.analysis.draw import draw_readings
from faceedit.analysis.reading import FaceReading
from faceedit.batch.read_ahead import FileReading, read_ahead
from faceedit.errors import explain
from faceedit.outputs import NEW_ONLY, Permit
from faceedit.photos import Photo, write_photo

BATCH = 16
"""Faces that wait for the networks at most, beside those of the last photo."""
WAITING_PIXELS = 60_000_000
"""Of photos that wait to be drawn on at most, likewise."""

Outcome = Literal["analyzed", "no face", "failed"]


@dataclass(frozen=True)
class PhotoToRead:
    """A photo to be read.

    Attributes:
        source: the photo.
        sheet: where the photo with its readings drawn on it goes; None draws none.
    """

    source: Path
    sheet: Path | None = None


@dataclass(frozen=True, eq=False)
class PhotoReading:
    """What became of one photo.

    Attributes:
        source: the photo.
        outcome: ``analyzed``; ``no face``; ``failed``, where the photo cannot be read, a network
            broke, or the sheet cannot be written.
        reason: why it failed, without the photo's path; empty otherwise.
        faces: the one in front first.
        width: of the upright photo in pixels, None where it could not be read.
        height: likewise.
        sha256: of the file; None where it could not be read.
        sheet: the file that was drawn; None where there is none.
    """

    source: Path
    outcome: Outcome
    reason: str = ""
    faces: tuple[FaceReading, ...] = ()
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    sheet: Path | None = None


@dataclass(frozen=True, eq=False)
class _Waiting:
    item: PhotoToRead
    result: PhotoReading
    found: list[FoundFace]
    photo: Photo | None  # kept only where it will be drawn on


def analyze_photos(
    photos: Sequence[PhotoToRead], analyzer: FaceAnalyzer, permit: Permit = NEW_ONLY
) -> Iterator[PhotoReading]:
    """Read the faces of photos.

    Faces of several photos share a batch, so that results come in groups.

    Args:
        photos: the photos.
        analyzer: finds and reads faces.
        permit: what sheets may replace.

    Yields:
        One result per photo, in order.
    """
    waiting: list[_Waiting] = []
    readings = read_ahead([item.source for item in photos])
    for item, reading in zip(photos, readings, strict=True):
        waiting.append(_find(item, reading, analyzer))
        if _is_enough(waiting):
            yield from _finish(waiting, analyzer, permit)
            waiting = []
    yield from _finish(waiting, analyzer, permit)


def _is_enough(waiting: Sequence[_Waiting]) -> bool:
    pixels = sum(one.photo.pixels[..., 0].size for one in waiting if one.photo is not None)
    return sum(len(one.found) for one in waiting) >= BATCH or pixels >= WAITING_PIXELS


def _find(item: PhotoToRead, reading: FileReading, analyzer: FaceAnalyzer) -> _Waiting:
    result = PhotoReading(item.source, "failed", sha256=reading.sha256)
    if isinstance(reading.photo, str):
        return _Waiting(item, replace(result, reason=reading.photo), [], None)
    photo = reading.photo
    height, width = photo.pixels.shape[:2]
    result = replace(result, width=width, height=height)
    try:
        found = analyzer.find(photo.pixels)
    # Nothing that one photo brings about may cost the others their results.
    except Exception as error:
        return _Waiting(item, replace(result, reason=explain(error, item.source)), [], None)
    if not found:
        result = replace(result, outcome="no face")
    return _Waiting(item, result, found, None if item.sheet is None else photo)


def _finish(
    waiting: Sequence[_Waiting], analyzer: FaceAnalyzer, permit: Permit
) -> Iterator[PhotoReading]:
    try:
        faces = iter(analyzer.read([face for one in waiting for face in one.found]))
        read = [tuple(next(faces) for _ in one.found) for one in waiting]
    except Exception as error:
        if len(waiting) == 1:
            one = waiting[0]
            reason = one.result.reason or explain(error, one.item.source)
            yield replace(one.result, outcome="failed", reason=reason)
            return
        # One photo may be to blame, or there was no memory for all together.
        for one in waiting:
            yield from _finish([one], analyzer, permit)
        return
    for one, own in zip(waiting, read, strict=True):
        result = replace(one.result, faces=own)
        if own:
            result = replace(result, outcome="analyzed")
        yield _draw(result, one, permit)


def _draw(result: PhotoReading, one: _Waiting, permit: Permit) -> PhotoReading:
    if one.photo is None or one.item.sheet is None:
        return result
    try:
        pixels = draw_readings(one.photo.pixels, result.faces) if result.faces else None
        drawn = one.photo.pixels if pixels is None else pixels
        write_photo(one.photo, one.item.sheet, np.ascontiguousarray(drawn), permit=permit)
    except Exception as error:
        return replace(result, outcome="failed", reason=explain(error, result.source))
    return replace(result, sheet=one.item.sheet)
