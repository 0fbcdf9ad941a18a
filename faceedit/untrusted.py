"""Files and text that others wrote: opened without waiting, read up to a limit, parsed to a depth.

Everything here refuses with a ValueError that begins with "it", for a caller to put the file's name
before it and to raise as an error of its own kind. The system's own errors are OSErrors.
"""

import json
import math
import os
import re
import stat
import tomllib
import zipfile
from io import BufferedReader, TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import numpy as np

Place = tuple[int | str, ...]
"""Names of tables and keys in a TOML file, and numbers of tables in lists."""
MAX_TEXT = 1 << 20
"""Bytes of a file of settings or of a card."""
MAX_TABLE = 1 << 27
"""Bytes of a table of labels: CelebA's largest has a fifth of it."""
MAX_MAPPED = 1 << 44
"""Bytes of an array that stays on the disk."""
MAX_ARRAYS = 1 << 31
"""Bytes that the arrays of an npz file may take together, unpacked."""
MAX_DEPTH = 32
"""Tables and lists inside each other."""
MAX_DOTS = 200
"""On a line of TOML: reading ``a.a.a.a`` takes time that grows with the square of its length."""


def open_regular(path: Path, most: int) -> BufferedReader:
    """Open a regular file for reading. Links are followed; a pipe or a device is never waited for.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        OSError: it is not there or may not be read.
        ValueError: it is something else than a regular file, or it is larger.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise ValueError("it is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a regular file")
        if status.st_size > most:
            raise ValueError(f"it has {status.st_size} bytes where {most} are allowed")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: Path, most: int) -> bytes:
    """Read a regular file whole; arguments and errors as in `open_regular`."""
    with open_regular(path, most) as file:
        data = file.read(most + 1)
    # Some files, and all that grow, hold more than their size says.
    if len(data) > most:
        raise ValueError(f"it has more than {most} bytes")
    return data


def read_text(path: Path, most: int = MAX_TEXT) -> str:
    """Read UTF-8 with any line ends, which become line feeds; errors as in `open_regular`.

    A byte order mark, which spreadsheets write, is left out.
    """
    return read_regular(path, most).decode("utf-8-sig").replace("\r\n", "\n")


def open_table(path: Path) -> TextIOWrapper:
    """Open a regular file of UTF-8, which may begin with a byte order mark, for the csv module.

    Errors as in `open_regular`.
    """
    return TextIOWrapper(open_regular(path, MAX_TABLE), encoding="utf-8-sig", newline="")


def parse_json(text: str | bytes) -> Any:
    """Parse JSON whose numbers are finite and that is no deeper than `MAX_DEPTH`.

    Raises:
        ValueError: it is something else.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check_values(value)
    return value


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML whose numbers are finite and that is no deeper than `MAX_DEPTH`.

    Raises:
        ValueError: it is something else.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MAX_DOTS:
            raise ValueError(f"line {number} has more than {MAX_DOTS} dots")
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check_values(table)
    return table


def line_of(text: str, place: Place) -> int:
    r"""Return the line of a TOML file on which a value stands, as far as its text tells.

    Args:
        text: of the file.
        place: names of tables and keys, and numbers of tables in lists, as pydantic gives them.

    >>> line_of('[[pose]]\nat = 0\n[[pose]]\nat = 1\nease = "no"', ("pose", 1, "ease"))
    5
    >>> line_of('[apply]\nlight = "left"\n[preset.soft]\nlight = 3', ("preset", "soft", "light"))
    4
    """
    lines = text.split("\n")
    start, key = 0, None
    quote = "[\"']?"
    for at, (name, number) in enumerate(pairwise((*place, None))):
        if isinstance(name, str) and isinstance(number, int):
            heads = _matching(lines, rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
            start = heads[number] if number < len(heads) else start
        elif isinstance(name, str) and isinstance(number, str):
            above = r"\s*\.\s*".join(f"{quote}{re.escape(str(p))}{quote}" for p in place[: at + 1])
            start = next(iter(_matching(lines, rf"\s*\[\s*{above}\s*\]")), start)
            key = name
        elif isinstance(name, str):
            key = name
    if key is None:
        return start + 1
    own = rf"\s*{quote}{re.escape(key)}{quote}\s*="
    among = rf".*[{{,\s\[]{quote}{re.escape(key)}{quote}\s*[=\].]"
    for pattern in (own, among):
        found = [line for line in _matching(lines, pattern) if line >= start]
        if found:
            return found[0] + 1
    return start + 1


def _matching(lines: list[str], pattern: str) -> list[int]:
    return [number for number, line in enumerate(lines) if re.match(pattern, line)]


def map_array(path: Path) -> "np.ndarray":
    """Map the array of an npy file, no pickle, into memory for reading.

    Raises:
        OSError: it is not there or may not be read.
        ValueError: it is no npy file, or is damaged.
    """
    import numpy as np

    with open_regular(path, MAX_MAPPED):
        pass
    try:
        return _array(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError):
        raise
    except Exception as error:  # numpy raises several kinds on damaged headers
        raise ValueError(f"it is no npy file, or damaged: {error}") from error


def array_names(path: Path) -> set[str]:
    """Return the names of the arrays in an npz file; none where it is something else."""
    try:
        with open_regular(path, MAX_ARRAYS) as file, zipfile.ZipFile(file) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()}
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
        return set()


def read_arrays(path: Path, most: int = MAX_ARRAYS) -> "dict[str, np.ndarray]":
    """Read all arrays of an npz file, no pickles among them.

    Args:
        path: the file.
        most: bytes that they may take together.

    Raises:
        OSError: it is not there or may not be read.
        ValueError: it is no npz file, is damaged, or its arrays take more.
    """
    import numpy as np

    with open_regular(path, most) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                # A member is never unpacked beyond the size that it declares.
                if sum(member.file_size for member in archive.infolist()) > most:
                    raise ValueError(f"its arrays take more than {most} bytes")
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {name: _array(arrays[name]) for name in arrays.files}
        except ValueError:
            raise
        # zipfile, zlib and numpy raise almost anything on damaged files.
        except Exception as error:
            raise ValueError(f"it is no npz file, or damaged: {error}") from error


def _array(found: object) -> "np.ndarray":
    import numpy as np

    if not isinstance(found, np.ndarray):
        raise ValueError("it holds something else than arrays")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which is no number of JSON")


def _check_values(value: object) -> None:
    """Walk without recursion, so that no depth is too much for the walk itself."""
    # Level by level. Architectures hold tens of thousands of numbers.
    level: list[Any] = [value]
    for depth in range(MAX_DEPTH + 1):
        wrong = [one for one in level if type(one) is float and not math.isfinite(one)]
        if wrong:
            raise ValueError(f"it holds the number {wrong[0]}")
        inner = [one for one in level if type(one) in (dict, list)]
        if not inner:
            return
        if depth == MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        level = [x for one in inner for x in (one.values() if type(one) is dict else one)]
