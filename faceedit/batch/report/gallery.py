"""One HTML page with every photo of a run, before and after: one file that needs nothing else.

The page is written while photos are added, so that memory stays flat however many there are. Each
photo is two script elements of types that no browser runs: what is known of it as JSON, and its
pictures as two lines of base64. The page's own script reads the first of all photos and the
second of those in sight.
"""

import base64
import contextlib
import math
import os
import secrets
from collections import deque
from collections.abc import Iterable, Mapping, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from faceedit.batch.files import folders_in_use
from faceedit.batch.report.items import ReportItem
from faceedit.batch.report.page_file import page_parts
from faceedit.batch.report.text import printable, to_script
from faceedit.batch.report.thumbnails import Thumbnail, ThumbnailSize, make_thumbnail, size_for
from faceedit.errors import WriteError
from faceedit.outputs import (
    SEALED_ONLY,
    TEMPORARY,
    Permit,
    Sealer,
    make_folders,
    open_new,
    refusal,
    shared_permissions,
)

THREADS = 2
_AHEAD = 8

_Pictures = tuple[Thumbnail | None, Thumbnail | None]


def write_gallery(
    items: Iterable[ReportItem],
    path: Path,
    title: str,
    facts: Mapping[str, str],
    *,
    count: int | None = None,
    permit: Permit = SEALED_ONLY,
) -> None:
    """Write a page with a slider between before and after for each photo.

    Args:
        items: taken one by one; a file that cannot be shown is said to be so on the page.
        path: the page, which appears when it is complete.
        title: of the page.
        facts: label and value of what holds for all photos, such as the target.
        count: of items, about, by which thumbnails are sized; None takes their length where
            they have one.
        permit: what may be replaced.

    Raises:
        WriteError: the page cannot be written.
    """
    if count is None and isinstance(items, Sized):
        count = len(items)
    with GalleryWriter(path, title, facts, count=count, permit=permit) as gallery:
        for item in items:
            gallery.add(item)
            if gallery.trouble is not None:
                break


class GalleryWriter:
    """Writes the page photo by photo, for use in a ``with`` statement around a run.

    The page appears when the statement ends; if it ends with an exception, there is none.
    Thumbnails are made in threads, a few photos ahead of what is written. A full disk costs the
    page, never the run: it is raised when the statement ends.

    Args:
        path: as for `write_gallery`.
        title: as for `write_gallery`.
        facts: as for `write_gallery`.
        count: of photos that will be added, about; None is taken for some hundreds.
        permit: what may be replaced.

    Attributes:
        trouble: why there will be no page; None as long as all is well.
    """

    def __init__(
        self,
        path: Path,
        title: str,
        facts: Mapping[str, str],
        *,
        count: int | None = None,
        permit: Permit = SEALED_ONLY,
    ):
        self.path, self.permit = path, permit
        self._permissions, self._sealer = 0o666, Sealer()
        self.size = size_for(count)
        self._temporary = path.parent / f".{TEMPORARY}{secrets.token_hex(8)}"
        self.trouble: WriteError | None = None
        self._head, self._tail = page_parts(title, facts)
        self._pending: deque[tuple[ReportItem, Future[_Pictures]]] = deque()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "GalleryWriter":
        """Begin the page under a temporary name beside its place.

        Raises:
            WriteError: it cannot be written.
        """
        folder = self.path.parent
        try:
            make_folders(folder)
            # Another run that begins would clear the temporary file away.
            self._stack.enter_context(folders_in_use({folder: ()}))
            self._file: IO[bytes] = self._stack.enter_context(open_new(self._temporary, 0o600))
            self._write(self._head)
        except OSError as error:
            self._discard()
            raise self._explain(error) from error
        self._pool = self._stack.enter_context(
            ThreadPoolExecutor(THREADS, thread_name_prefix="thumbnail")
        )
        return self

    def add(self, item: ReportItem) -> None:
        """Add a photo, whose files are there already."""
        if self.trouble is not None:
            return
        self._permissions &= shared_permissions([item.before])
        self._pending.append((item, self._pool.submit(_pictures, item, self.size)))
        if len(self._pending) > _AHEAD:
            try:
                self._write_next()
            except OSError as error:
                self.trouble = self._explain(error)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Complete the page and put it into its place, or throw it away.

        Raises:
            WriteError: it cannot be written.
        """
        try:
            if kind is None and self.trouble is None:
                self._complete()
        except OSError as trouble:
            self.trouble = self._explain(trouble)
        except WriteError as trouble:
            self.trouble = trouble
        finally:
            for _, pictures in self._pending:
                pictures.cancel()
            self._discard()
        if kind is None and self.trouble is not None:
            raise self.trouble

    def _complete(self) -> None:
        while self._pending:
            self._write_next()
        self._write(self._tail)
        self._file.write(self._sealer.seal())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.chmod(self._permissions)
        why = refusal(self.path, self.permit)
        if why is not None:
            raise WriteError(self.path, why)
        self._temporary.replace(self.path)

    def _write(self, text: str) -> None:
        self._file.write(self._sealer.add(text.encode()))

    def _write_next(self) -> None:
        item, pictures = self._pending.popleft()
        before, after = pictures.result()
        about = to_script(_about(item, before or after))
        lines = "\n".join("" if one is None else _base64(one.jpeg) for one in (before, after))
        self._write(
            f'<script type="application/json" class="photo">{about}</script>'
            f'<script type="text/plain">{lines}</script>\n'
        )

    def _discard(self) -> None:
        """End the threads, close the file, and remove what was not put into its place."""
        with contextlib.suppress(OSError):
            self._stack.close()
        with contextlib.suppress(OSError):
            self._temporary.unlink()

    def _explain(self, error: OSError) -> WriteError:
        return WriteError(self.path, error.strerror or str(error))


def _pictures(item: ReportItem, size: ThumbnailSize) -> _Pictures:
    before = make_thumbnail(item.before, size)
    return before, None if item.after is None else make_thumbnail(item.after, size)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _about(item: ReportItem, picture: Thumbnail | None) -> dict[str, Any]:
    """Return what the page's script knows of a photo; boxes are fractions of the photo."""
    boxes = []
    if picture is not None:
        width, height = picture.photo_size
        unit = (width, height, width, height)
        boxes = [
            [round(float(side) / whole, 4) for side, whole in zip(box, unit, strict=True)]
            for box in item.boxes
            if all(map(math.isfinite, box))
        ]
    return {
        "name": printable(item.name),
        # A name that cannot be written as it is could not be read back from a table.
        "source": item.source if printable(item.source) == item.source else "",
        "target": item.target,
        "outcome": item.outcome,
        "reason": printable(item.reason),
        "faces": len(item.boxes),
        "boxes": boxes,
        "scores": {
            printable(name): float(value)
            for name, value in item.scores.items()
            if math.isfinite(value)
        },
        "seconds": round(float(item.seconds), 3),
        "size": None if picture is None else picture.photo_size,
        "shown": None if picture is None else picture.size,
        "hasAfter": item.after is not None,
    }
