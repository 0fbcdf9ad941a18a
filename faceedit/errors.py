"""One tree of exceptions; each class knows the exit code of a command that ends with it."""

import traceback
from pathlib import Path


class FaceEditError(Exception):
    """Anything faceedit can name; the message says what to do about it."""

    exit_code = 1


class UsageError(FaceEditError):
    """The command cannot mean anything as it was written."""

    exit_code = 2


class NoTargetError(UsageError):
    """A target has no terms."""


class PlanError(UsageError):
    """Two inputs would write one output, or an output is an input."""


class StreamError(FaceEditError):
    """Standard input cannot be read, or standard output cannot be written."""


class MissingError(FaceEditError):
    """Something the command needs is not on this machine."""

    exit_code = 3


class DeviceError(MissingError):
    """The device that was asked for is not there."""


class WeightsError(MissingError):
    """A checkpoint is missing or is not what its card says."""


class TurnError(FaceEditError):
    """A head would have to be turned further than is allowed."""


class PhotoError(FaceEditError):
    """One photo cannot be read, edited or written; the others go on.

    Args:
        path: the photo.
        reason: what is wrong with it, without the path.
    """

    def __init__(self, path: Path, reason: str):
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class UnreadableError(PhotoError):
    """The file's bytes are not a photo that can be read whole."""


class UnsupportedError(PhotoError):
    """A sound photo of a kind that could not be written back as it was."""


class WriteError(PhotoError):
    """The output could not be written."""


class NoFaceError(PhotoError):
    """No usable face, and the run was told to fail on that."""


class NetworkError(FaceEditError):
    """A network's answer cannot be used: it is not finite, or beyond all measure."""


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an exception means that memory was short, whichever library raised it."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # torch's allocator on the CPU, OpenCV and the loader have no types of their own for this.
    text = str(error)
    signs = ("can't allocate memory", "Insufficient memory", "Cannot allocate memory")
    return any(sign in text for sign in (*signs, "failed to map segment"))


def unexpected(error: BaseException) -> str:
    """Return an exception that nobody foresaw with its type and place, for a report."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"unexpected {type(error).__name__}: {error}{place}"


def explain(error: Exception, source: Path) -> str:
    """Return why a photo failed, without its path.

    An exception that is no error of ours is named with its type and place, for a report.
    """
    if isinstance(error, PhotoError) and error.path == source:
        return error.reason
    if isinstance(error, FaceEditError):
        return str(error)
    if is_out_of_memory(error):
        return "there is not enough memory for it"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return unexpected(error)
