"""Files read and decoded, in threads of their own."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from faceedit.errors import explain
from faceedit.photos import Budget, Photo, PhotoFile, decode_photo, load_file


@dataclass(frozen=True, eq=False)
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
    start = time.perf_counter()
    try:
        file = load_file(source)
    except Exception as error:
        return FileReading(explain(error, source), None, time.perf_counter() - start)
    sha256 = hashlib.sha256(file.data).hexdigest()
    return FileReading(decode_or_explain(file), sha256, time.perf_counter() - start)


def decode_or_explain(file: PhotoFile, budget: Budget | None = None) -> Photo | str:
    """Decode a file, or return why that cannot be done, without its path."""
    try:
        return decode_photo(file, budget)
    except Exception as error:
        return explain(error, file.path)
