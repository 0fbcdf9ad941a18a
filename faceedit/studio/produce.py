"""A folder of photos becomes shards of pairs, over several processes."""

import signal
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import lru_cache, partial
from multiprocessing import active_children, get_context
from pathlib import Path

import cv2
import numpy as np

from faceedit.errors import FaceEditError, PhotoError, UsageError
from faceedit.studio.expressions import Ask
from faceedit.studio.pairs import make_pair, make_real_target
from faceedit.studio.quality import LEAST_TRUST, refuse
from faceedit.studio.record import AS_PHOTOGRAPHED, Pair
from faceedit.studio.rig import Rig, load_rig
from faceedit.studio.sampling import LID_UNITS, Menu, draw_expression, draw_order
from faceedit.studio.shards import part_of, write_shard
from faceedit.studio.sitting import take_sitting
from faceedit.studio.sources import SourcePhoto

PHOTOS_PER_SHARD = 8
REAL_TARGETS = 0.4
"""Share, and at least one, of the pairs of a photo with an expression that lead to the photo."""

_Chunk = tuple[Path, list[SourcePhoto]]
"""A shard and the photos that it is made of."""


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

    Raises:
        UsageError: the folder holds shards.
        MissingError: the rig is not whole.
        FaceEditError: a process was killed.
    """
    refuse_used(out)
    out.mkdir(parents=True, exist_ok=True)
    chunks = [
        (out / f"pairs-{i // PHOTOS_PER_SHARD:05d}.tar", sources[i : i + PHOTOS_PER_SHARD])
        for i in range(0, len(sources), PHOTOS_PER_SHARD)
    ]
    total, done = Report(), 0
    reports = _make_shards(commission, chunks, workers)
    for report, (_, chunk) in zip(reports, chunks, strict=True):
        done += len(chunk)
        total.add(report)
        tell(done, len(sources))
    return total


def refuse_used(out: Path) -> None:
    """Refuse a folder with shards: those of two commissions are not to be mixed.

    Raises:
        UsageError: there are some.
    """
    if any(out.glob("*.tar")):
        raise UsageError(f"{out} holds shards of pairs already; delete them or name another folder")


def _make_shards(commission: Commission, chunks: list[_Chunk], workers: int) -> Iterator[Report]:
    if workers <= 1:
        rig = load_rig(commission.rig)
        yield from (_make_shard(rig, commission, chunk) for chunk in chunks)
        return
    others = set(active_children())
    # Threads of OpenCV and numba do not survive a fork.
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin_work) as pool:
        try:
            yield from pool.map(partial(_work, commission), chunks)
        except BaseException as error:
            for worker in set(active_children()) - others:
                worker.terminate()
                worker.join()
            for path, _ in chunks:
                part_of(path).unlink(missing_ok=True)
            if isinstance(error, BrokenProcessPool):
                message = "a worker was killed, perhaps for want of memory; use fewer --workers"
                raise FaceEditError(message) from error
            raise


def _begin_work() -> None:
    # The process that began this one says that it was interrupted.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    cv2.setNumThreads(1)


def _work(commission: Commission, chunk: _Chunk) -> Report:
    return _make_shard(_worker_rig(commission.rig), commission, chunk)


@lru_cache(maxsize=1)
def _worker_rig(folder: Path) -> Rig:
    """Read the rig once; a worker lives no longer than one commission."""
    return load_rig(folder)


def _make_shard(rig: Rig, commission: Commission, chunk: _Chunk) -> Report:
    path, sources = chunk
    report = Report()
    write_shard(path, _keyed_pairs(rig, commission, sources, report))
    return report


def _keyed_pairs(
    rig: Rig, commission: Commission, sources: list[SourcePhoto], report: Report
) -> Iterator[tuple[str, Pair]]:
    for source in sources:
        try:
            for number, pair in enumerate(pairs_of(rig, source, commission, report)):
                report.count(pair)
                yield f"{zlib.crc32(source.name.encode()):08x}-{number:03d}", pair
        except PhotoError as error:
            report.refused.setdefault(error.reason, []).append(source.name)
        # Nothing that one photo brings about may cost the others their pairs.
        except Exception as error:
            reason = f"unexpected: {type(error).__name__}: {error}"
            report.refused.setdefault(reason, []).append(source.name)


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
    sitting = take_sitting(rig, source, commission.size)
    sitter, menu = sitting.sitter, commission.menu
    reason = refuse(sitter.subject, sitter.valid, occluded=source.photo.occluded)
    if reason is not None and report is not None:
        report.refused.setdefault(reason, []).append(source.name)
    rng = np.random.default_rng([commission.seed, zlib.crc32(source.name.encode())])
    shown = rig.tables.units_shown(sitter.subject.expression)
    still = LID_UNITS if sitter.eyeglasses else frozenset()
    real = 0
    if sitting.shows and menu.expressions:
        real = max(1, round(REAL_TARGETS * commission.per_photo))
    if reason == "mouth open":
        # Its mouth cannot be led elsewhere, but others can be led to it.
        real = min(real, 1)
    elif reason is not None:
        return
    for number in range(commission.per_photo if reason is None else real):
        seed = int(rng.integers(1 << 31))
        if number < real:
            start = Ask() if number == 0 else draw_expression(menu, rng)
            yield make_real_target(rig, sitting, start, seed, varied=menu.varied)
        else:
            pair = make_pair(
                rig, sitting, draw_order(menu, rng, shown, still), seed, varied=menu.varied
            )
            if pair.labels.trust >= LEAST_TRUST:
                yield pair
            elif report is not None:
                report.refused.setdefault("turned too far", []).append(source.name)
