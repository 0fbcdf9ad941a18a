"""Which paths may be written, and files that appear whole or not at all.

Every command asks here before it writes. A path may be written if nothing is there. What is there
is replaced only if whoever writes can prove that faceedit wrote exactly those bytes, or if the user
said so. Links are never written through, and nothing but regular files is ever replaced.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from faceedit.errors import PlanError, WriteError

TEMPORARY = "faceedit-tmp-"
"""What the names of temporary files begin with, behind the dot that hides them."""

_SEAL = b"\n<!-- faceedit sha256:%s -->\n"
_SEAL_SIZE = len(_SEAL) - 2 + 64
_NAMED = 3
_BLOCK = 1 << 20


def _nothing(path: Path, sha256: str) -> None:
    return None


@dataclass(frozen=True)
class Permit:
    """What a writer may do.

    Attributes:
        may_replace: says of a regular file or link that is in the way whether it may be replaced.
        claim: called with path and SHA-256 just before a file appears, so that a killed run can
            prove what it wrote.
    """

    may_replace: Callable[[Path], bool] = lambda path: False
    claim: Callable[[Path, str], None] = _nothing


NEW_ONLY = Permit()
REPLACE = Permit(lambda path: True)


def permit_for(overwrite: bool) -> Permit:
    """Return the permit of a command whose user said, or did not say, ``--overwrite``."""
    return REPLACE if overwrite else NEW_ONLY


def refusal(path: Path, permit: Permit = NEW_ONLY) -> str | None:
    """Return why a path may not be written, without the path itself, or None."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return "a file is where its folder would be"
    except (OSError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error)
    if stat.S_ISDIR(mode):
        return "a folder is in the way"
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        return "what is there is not a regular file"
    if permit.may_replace(path):
        return None
    if stat.S_ISLNK(mode):
        return "a link is there, and links are not written through"
    return "a file is there that faceedit cannot prove to have written"


def check_writable(paths: Iterable[Path], permit: Permit = NEW_ONLY) -> None:
    """Refuse, before any work, to write where that would harm anything.

    Raises:
        PlanError: the first paths that may not be written, with the reason, and how many more.
    """
    paths = list(paths)
    refused = [(path, why) for path in paths if (why := refusal(path, permit)) is not None]
    twice = [(path, "it is named twice") for path, n in Counter(paths).items() if n > 1]
    if not (refused := refused + twice):
        return
    named = "; ".join(f"{path}: {why}" for path, why in refused[:_NAMED])
    more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    way_out = "Name another output"
    if not twice and all(refusal(path, REPLACE) is None for path, _ in refused):
        way_out += ", or replace it with --overwrite"
    raise PlanError(f"{named}{more}. {way_out}")


def write_atomic(
    target: Path,
    data: bytes,
    permit: Permit = NEW_ONLY,
    *,
    permissions: int | None = None,
    mtime_ns: int | None = None,
    like: Path | None = None,
) -> str:
    """Write a file under a temporary name beside its place and rename it there.

    A link at the target is replaced, never written through.

    Args:
        target: where the file goes.
        data: its content.
        permit: what may be replaced. A file that has the same bytes already always may.
        permissions: of the file, such as ``0o640``; None takes what the system gives new files.
        mtime_ns: modification time to give it, None for now.
        like: a folder whose permissions, and those of the folders above it, are given to missing
            folders on the way; None takes what the system gives.

    Returns:
        The data's SHA-256 in hexadecimal.

    Raises:
        WriteError: anything went wrong; the temporary file is gone and the target untouched.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        make_folders(target.parent, like)
        why = refusal(target, permit)
        if why is not None and sha256_if_regular(target) != sha256:
            raise WriteError(target, why)
        claim = partial(permit.claim, target, sha256)
        _write_and_rename(target, data, permissions, mtime_ns, claim)
    except OSError as error:
        raise WriteError(target, error.strerror or str(error)) from error
    return sha256


def _write_and_rename(
    target: Path,
    data: bytes,
    permissions: int | None,
    mtime_ns: int | None,
    claim: Callable[[], None],
) -> None:
    # Short, so that a target whose name has the full 255 bytes can be written, and hidden, so
    # that no run takes what a killed one left behind for a photo.
    temporary = target.parent / f".{TEMPORARY}{secrets.token_hex(8)}"
    try:
        with open_new(temporary, 0o666 if permissions is None else 0o600) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if permissions is not None:
            temporary.chmod(permissions)
        if mtime_ns is not None:
            os.utime(temporary, ns=(mtime_ns, mtime_ns))
        claim()
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def open_new(path: Path, permissions: int = 0o666) -> IO[bytes]:
    """Make a file and open it for writing.

    Args:
        path: where nothing is.
        permissions: less what the system takes off those of new files.

    Raises:
        OSError: something is there, or it cannot be made.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, permissions), "wb")


def create_file(path: Path, permit: Permit = NEW_ONLY, permissions: int = 0o666) -> IO[bytes]:
    """Open a new file for writing as it grows, for tables that a cut-short run leaves in part.

    Raises:
        PlanError: what is there may not be replaced, or it cannot be made.
    """
    check_writable([path], permit)
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        return open_new(path, permissions)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PlanError(f"{path}: cannot be written: {reason}") from error


def make_folders(folder: Path, like: Path | None = None) -> None:
    """Make a folder and those above it that are missing.

    Args:
        folder: to make.
        like: a folder whose permissions it gets; the folder above gets those of the one above
            ``like``, and so on. Its owner may always write. None takes what the system gives.

    Raises:
        OSError: it cannot be made.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folders(folder.parent, None if like is None else like.absolute().parent)
    try:
        folder.mkdir()
    except FileExistsError as error:
        if not folder.is_dir():
            reason = "its folder is a file, or a link to nothing"
            raise NotADirectoryError(errno.ENOTDIR, reason, str(folder)) from error
        return
    if like is not None:
        with contextlib.suppress(OSError):
            folder.chmod(permissions_of(like.stat()) | 0o700)


def permissions_of(status: os.stat_result) -> int:
    """Return the permission bits of a file, without those that would run it as somebody else."""
    return status.st_mode & 0o777


def shared_permissions(paths: Iterable[Path]) -> int:
    """Return the permissions that all of some files grant, for a file that shows all of them.

    The owner may always read and write it. Files that are missing do not count.
    """
    permissions = 0o666
    for path in paths:
        with contextlib.suppress(OSError):
            permissions &= path.stat().st_mode
    return permissions | 0o600


def sha256_if_regular(path: Path) -> str | None:
    """Return the SHA-256 of a regular file in hexadecimal, or None for anything else.

    Links are not followed, and nothing that could block is opened.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


class Sealer:
    """Seals a file that is written in parts: its last line proves that faceedit wrote the rest.

    The seal is an HTML comment, which JPEG decoders, too, ignore behind a picture's end.
    """

    def __init__(self):
        self._hash = hashlib.sha256()

    def add(self, data: bytes) -> bytes:
        """Take the next part, and return it."""
        self._hash.update(data)
        return data

    def seal(self) -> bytes:
        """Return what goes to the file's end."""
        return _SEAL % self._hash.hexdigest().encode()


def sealed(data: bytes) -> bytes:
    """Return a file's content with its seal."""
    sealer = Sealer()
    return sealer.add(data) + sealer.seal()


def is_sealed(path: Path) -> bool:
    """Say whether a regular file is, byte for byte, what faceedit wrote and sealed."""
    digest = hashlib.sha256()
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size < _SEAL_SIZE:
            return False
        left = status.st_size - _SEAL_SIZE
        with path.open("rb") as file:
            while left and (block := file.read(min(left, _BLOCK))):
                digest.update(block)
                left -= len(block)
            return not left and file.read(_SEAL_SIZE + 1) == _SEAL % digest.hexdigest().encode()
    except OSError:
        return False


SEALED_ONLY = Permit(is_sealed)
