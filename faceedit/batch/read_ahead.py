"""Photos read one after the other, the next one while this one is worked on."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from faceedit.batch.result import explain
from faceedit.photos import Photo, read_photo


@dataclass(frozen=True)
class FileReading:
    """What reading one file gave.

    Attributes:
        photo: or why there is none, without the path.
        sha256: of the file; None where it could not be read.
        seconds: that it took.
    """

    photo: Photo | str
    sha256: str | None
    seconds: float


def read_ahead(sources: Sequence[Path]) -> Iterator[FileReading]:
    """Read photos in order in a thread, one ahead; a file that cannot be read stops nothing."""
    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        coming: Future[FileReading] | None = None
        for at, source in enumerate(sources):
            reading = (coming or reader.submit(_read, source)).result()
            coming = reader.submit(_read, sources[at + 1]) if at + 1 < len(sources) else None
            yield reading


def _read(source: Path) -> FileReading:
    start, sha256 = time.perf_counter(), None
    try:
        # Opening a pipe would wait for ever; read_photo refuses it.
        if source.is_file():
            with source.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        photo = read_photo(source)
    except Exception as error:
        photo = explain(error, source)
    return FileReading(photo, sha256, time.perf_counter() - start)
