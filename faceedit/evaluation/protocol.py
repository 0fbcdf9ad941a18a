"""The project's protocol: people and targets written down, so that a number stays what it means."""

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from faceedit.errors import MissingError
from faceedit.targets import EXPRESSIONS, Target, parse_target

_FILE = "protocol.toml"
_ANY = "*"
_FOLDERS = ("", "portraits")
"""Where its photos may lie below the folder that a user names."""


@dataclass(frozen=True)
class ProtocolPhoto:
    """One photo of the protocol.

    Attributes:
        file: name of the file.
        person: the same for all photos of one person.
        expression: in `targets.EXPRESSIONS`, as read by eye.
        strength: of the expression, 0 to 3.
        sha256: first 16 digits of the file's hash.
    """

    file: str
    person: str
    expression: str
    strength: int
    sha256: str


@dataclass(frozen=True)
class Protocol:
    """A fixed list of photos and of what they are edited to.

    Attributes:
        name: of the list.
        version: a number is only comparable with numbers of the same version.
        digest: first 12 digits of the SHA-256 of the file that it was read from.
        photos: in the order in which a limit keeps them.
        targets: by the expression of the photo.
    """

    name: str
    version: int
    digest: str
    photos: tuple[ProtocolPhoto, ...]
    targets: dict[str, tuple[Target, ...]]

    def __str__(self) -> str:
        """Return name, version and digest."""
        return f"{self.name} {self.version} ({self.digest})"

    def limited(self, people: int | None) -> tuple[ProtocolPhoto, ...]:
        """Return the photos of the first so many people; None is everybody."""
        first = list(dict.fromkeys(photo.person for photo in self.photos))[:people]
        kept = set(first)
        return tuple(photo for photo in self.photos if photo.person in kept)

    def all_targets(self) -> tuple[Target, ...]:
        """Return every target once, in order."""
        return tuple(dict.fromkeys(t for targets in self.targets.values() for t in targets))


def read_protocol() -> Protocol:
    """Read the protocol that ships with the program."""
    text = (files("faceedit.evaluation") / _FILE).read_bytes()
    # A checkout may have turned its line ends.
    text = text.replace(b"\r\n", b"\n")
    table = tomllib.loads(text.decode())
    photos = tuple(ProtocolPhoto(*row) for row in table["photos"])
    listed = {
        name: tuple(parse_target(term) for term in terms)
        for name, terms in table["targets"].items()
    }
    return Protocol(
        name=table["name"],
        version=table["version"],
        digest=hashlib.sha256(text).hexdigest()[:12],
        photos=photos,
        targets={name: listed.get(name, listed[_ANY]) for name in EXPRESSIONS},
    )


def find_photos(photos: tuple[ProtocolPhoto, ...], folder: Path) -> dict[str, Path]:
    """Find the protocol's photos and check that they are the right ones.

    Args:
        photos: of the protocol.
        folder: where they lie, or that holds them in a folder ``portraits``.

    Returns:
        Path by file name.

    Raises:
        MissingError: one is not there, or is another picture of that name.
    """
    at = next((folder / sub for sub in _FOLDERS if (folder / sub / photos[0].file).is_file()), None)
    if at is None:
        raise MissingError(
            f"{folder} does not hold the protocol's photos ({photos[0].file} and others); "
            "name the folder of the project's portraits, or measure on photos of your own"
        )
    found = {}
    for photo in photos:
        path = at / photo.file
        if not path.is_file():
            raise MissingError(f"{path}: a photo of the protocol is missing")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if not digest.startswith(photo.sha256):
            raise MissingError(f"{path}: is not the protocol's picture of that name")
        found[photo.file] = path
    return found
