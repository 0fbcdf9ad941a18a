"""A folder of photos becomes shards of pairs, over several processes."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from faceedit.errors import PhotoError
from faceedit.photos import read_photo
from faceedit.studio.expressions import Ask
from faceedit.studio.pairs import Sitting, make_pair, make_real_target
from faceedit.studio.photo import sit
from faceedit.studio.quality import LEAST_TRUST, refuse
from faceedit.studio.record import AS_PHOTOGRAPHED, Labels, Pair
from faceedit.studio.rig import Rig, load_rig
from faceedit.studio.sampling import Menu, draw_expression, draw_order
from faceedit.studio.shards import write_shard
from faceedit.studio.sources import SourcePhoto, shown_expression

PHOTOS_PER_SHARD = 8
REAL_TARGETS = 0.4
"""Share of the pairs of a photo with an expression in which the photo is the target."""


@dataclass(frozen=True)
class Commission:
    """What is made of a set of photos.

    Attributes:
        rig: folder of the rig.
        menu: what may be asked for.
        size: side of the crops in pixels.
        per_photo: pairs for each photo.
        seed: of everything random.
    """

    rig: Path
    menu: Menu
    size: int = 256
    per_photo: int = 12
    seed: int = 0


@dataclass
class Report:
    """What came of a commission.

    Attributes:
        pairs: how many were made.
        real_targets: of these, how many lead to an untouched photo.
        refused: for each reason the names of the photos.
        kinds: pairs by the kind of what was asked.
    """

    pairs: int = 0
    real_targets: int = 0
    refused: dict[str, list[str]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Report") -> None:
        """Count another report in."""
        self.pairs += other.pairs
        self.real_targets += other.real_targets
        self.kinds += other.kinds
        for reason, names in other.refused.items():
            self.refused.setdefault(reason, []).extend(names)

    def count(self, pair: Pair) -> None:
        """Count one pair in."""
        labels = pair.labels
        self.pairs += 1
        self.real_targets += labels.real == "target"
        kind = "turn" if labels.turn else str(labels.ask).partition(":")[0]
        if labels.measured and labels.light != AS_PHOTOGRAPHED:
            kind = "light"
        elif not labels.measured and len(labels.ask.blend) > 1:
            kind = "blend"
        elif labels.ask.of_units:
            kind = "action units"
        self.kinds[kind] += 1


def produce(
    sources: list[SourcePhoto],
    commission: Commission,
    out: Path,
    workers: int,
    tell: Callable[[int, int], None],
) -> Report:
    """Make all pairs, a few photos to a shard; the same for any number of workers.

    Args:
        sources: the photos.
        commission: what to make of them.
        out: folder of the shards.
        workers: processes.
        tell: is told how many photos of how many are done.
    """
    out.mkdir(parents=True, exist_ok=True)
    chunks = [
        (out / f"pairs-{i // PHOTOS_PER_SHARD:05d}.tar", sources[i : i + PHOTOS_PER_SHARD])
        for i in range(0, len(sources), PHOTOS_PER_SHARD)
    ]
    total, done = Report(), 0
    work = partial(_make_shard, commission)
    if workers <= 1:
        results: Iterator[Report] = map(work, chunks)
        for report, (_, chunk) in zip(results, chunks, strict=True):
            done += len(chunk)
            total.add(report)
            tell(done, len(sources))
        return total
    # Threads of OpenCV and numba do not survive a fork.
    with get_context("spawn").Pool(workers) as pool:
        for report, (_, chunk) in zip(pool.imap(work, chunks), chunks, strict=True):
            done += len(chunk)
            total.add(report)
            tell(done, len(sources))
    return total


_rigs: dict[Path, Rig] = {}
"""The rig of a worker process, read once."""


def _make_shard(commission: Commission, chunk: tuple[Path, list[SourcePhoto]]) -> Report:
    cv2.setNumThreads(1)
    path, sources = chunk
    if commission.rig not in _rigs:
        _rigs[commission.rig] = load_rig(commission.rig)
    rig, report = _rigs[commission.rig], Report()
    write_shard(path, _keyed_pairs(rig, commission, sources, report))
    return report


def _keyed_pairs(
    rig: Rig, commission: Commission, sources: list[SourcePhoto], report: Report
) -> Iterator[tuple[str, Pair]]:
    for source in sources:
        name = source.photo.path.name
        try:
            for number, pair in enumerate(pairs_of(rig, source, commission, report)):
                report.count(pair)
                yield f"{zlib.crc32(name.encode()):08x}-{number:03d}", pair
        except PhotoError as error:
            report.refused.setdefault(error.reason, []).append(name)


def pairs_of(
    rig: Rig, source: SourcePhoto, commission: Commission, report: Report | None = None
) -> Iterator[Pair]:
    """Yield the pairs of one photo; the same whatever else is made.

    Args:
        rig: model, tables, folds and mouths.
        source: the photo.
        commission: what to make of it.
        report: is told why a photo was refused.

    Raises:
        PhotoError: the photo cannot be read.
    """
    photo = source.photo
    pixels = read_photo(photo.path).pixels
    sitter = sit(
        rig.model, rig.seal, pixels, source.landmarks, commission.size, eyeglasses=photo.eyeglasses
    )
    shows = shown_expression(rig.tables, sitter, photo)
    reason = refuse(sitter.subject, sitter.valid, occluded=photo.occluded)
    if reason is not None and report is not None:
        report.refused.setdefault(reason, []).append(photo.path.name)
    labels = Labels(
        ask=Ask(),
        file=photo.path.name,
        source=photo.source,
        person=photo.person,
        split=photo.split,
        eyeglasses=photo.eyeglasses,
    )
    sitting = Sitting(sitter, labels, shows)
    menu = commission.menu
    name = zlib.crc32(photo.path.name.encode())
    rng = np.random.default_rng([commission.seed, name])
    real = round(REAL_TARGETS * commission.per_photo) if shows and menu.expressions else 0
    if reason == "mouth open":
        # Its mouth cannot be led elsewhere, but others can be led to it.
        real = min(real, 1)
    elif reason is not None:
        return
    for number in range(commission.per_photo if reason is None else real):
        seed = int(rng.integers(1 << 31))
        if number < real:
            start = Ask() if number == 0 else draw_expression(menu.expressions, rng)
            yield make_real_target(rig, sitting, start, seed)
        else:
            pair = make_pair(rig, sitting, draw_order(menu, rng), seed)
            if pair.labels.trust >= LEAST_TRUST:
                yield pair
            elif report is not None:
                report.refused.setdefault("turned too far", []).append(photo.path.name)
