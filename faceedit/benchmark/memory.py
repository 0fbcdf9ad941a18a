"""Peak memory of this process, of one span of work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


class PeakMemory:
    """The largest resident size of the process over all spans so far.

    Linux keeps a high-water mark that can be set back (``5`` written to ``clear_refs``). Elsewhere
    there is only one of the whole process's life, which says nothing about a span: `bytes` stays
    None.

    Attributes:
        bytes: everything resident, networks and libraries included; None where unknown.
    """

    def __init__(self) -> None:
        self.bytes: int | None = None

    @contextmanager
    def span(self) -> Iterator[None]:
        """Watch what happens inside a ``with``."""
        known = _reset()
        yield
        if known:
            self.bytes = max(self.bytes or 0, _high_water_mark())


def _reset() -> bool:
    try:
        _RESET.write_text("5")
    except OSError:
        return False
    return _STATUS.is_file()


def _high_water_mark() -> int:
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
