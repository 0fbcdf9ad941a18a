"""The registry as an object: which checkpoints there are and where their files lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from faceedit.errors import WeightsError
from faceedit.names import unknown
from faceedit.registry.cards import REGISTRY_FILE, Card, read_cards
from faceedit.registry.checkpoint import Checkpoint, check_sha256, load_checkpoint
from faceedit.registry.folders import search_folders, user_weights
from faceedit.registry.header import Header, read_header
from faceedit.targets import Target
from faceedit.untrusted import read_text


@dataclass(frozen=True)
class Entry:
    """A card and the folder whose registry holds it."""

    card: Card
    folder: Path

    def markdown(self) -> str | None:
        """Return the text of the entry's Markdown card, or None where it has none.

        Raises:
            WeightsError: the card names a Markdown file that cannot be read.
        """
        if self.card.card is None:
            return None
        path = self.folder / self.card.card
        try:
            return read_text(path)
        except (OSError, ValueError) as error:
            raise WeightsError(
                f"{path}: the card of {self.card.name} cannot be read: {error}"
            ) from error


@dataclass(frozen=True)
class Finding:
    """What `Registry.verify` found of one checkpoint.

    Attributes:
        card: of the checkpoint.
        state: ``ok``, ``missing`` or ``bad``.
        path: of the file, None where it is missing.
        reason: what is wrong and what to do; empty where nothing is.
    """

    card: Card
    state: Literal["ok", "missing", "bad"]
    path: Path | None
    reason: str = ""

    @property
    def usable_or_optional(self) -> bool:
        """Whether nothing needs doing: sound, or not here but to be had by `pull`."""
        return self.state == "ok" or (self.state == "missing" and self.card.source is not None)


@dataclass(frozen=True)
class Registry:
    """Checkpoints by name.

    Attributes:
        folders: searched for files and for registries, nearest first.
        entries: by name; of two entries with one name the nearer stands.
        given: the one file of ``--weights FILE``, which `open_method` takes instead of any entry.
    """

    folders: tuple[Path, ...]
    entries: Mapping[str, Entry]
    given: Header | None = None

    @classmethod
    def load(cls, folders: Sequence[Path] | None = None, given: Header | None = None) -> "Registry":
        """Read the registries of `folders`, by default those of `search_folders`.

        Raises:
            WeightsError: a registry is not sound, or none of the folders has one.
        """
        searched = search_folders() if folders is None else tuple(folders)
        entries: dict[str, Entry] = {}
        # The farthest folder comes first so that its entries keep their order and nearer ones win.
        for folder in reversed(searched):
            path = folder / REGISTRY_FILE
            if _is_there(path):
                entries.update({n: Entry(card, folder) for n, card in read_cards(path).items()})
        if not entries:
            raise WeightsError(
                f"no {REGISTRY_FILE} with checkpoints in {', '.join(map(str, searched))}; "
                "reinstall faceedit"
            )
        return cls(searched, entries, given)

    def card(self, name: str) -> Card:
        """Return the card of a name.

        Raises:
            WeightsError: there is none; the message names the nearest.
        """
        return self.entry(name).card

    def entry(self, name: str) -> Entry:
        """Return the entry of a name; raises as `card` does."""
        if name in self.entries:
            return self.entries[name]
        raise WeightsError(unknown("checkpoint", name, self.entries))

    def locate(self, name: str) -> Path | None:
        """Return the nearest thing that bears the card's file name, unchecked, or None."""
        file = self.card(name).file
        paths = (folder / file for folder in self.folders)
        return next((path for path in paths if _is_there(path)), None)

    def find(self, name: str) -> Path:
        """Return what `locate` does, or raise WeightsError with what to do about it."""
        path = self.locate(name)
        if path is None:
            raise WeightsError(self._missing(self.card(name)))
        return path

    def verify(self, name: str) -> Finding:
        """Check one checkpoint's file against its card: header, size, hash, metadata."""
        card, path = self.card(name), self.locate(name)
        if path is None:
            return Finding(card, "missing", None, self._missing(card))
        try:
            header = read_header(path)
            check_sha256(path, card.sha256)
            if path.stat().st_size != card.size:
                raise WeightsError(
                    f"{path}: has {path.stat().st_size} bytes, its card says {card.size}; "
                    "correct the card"
                )
            if (header.method, header.profile) != (card.method, card.profile):
                raise WeightsError(
                    f"{path}: holds {header.method} {header.profile}, its card says "
                    f"{card.method} {card.profile}; correct the card"
                )
        except WeightsError as error:
            return Finding(card, "bad", path, str(error))
        return Finding(card, "ok", path)

    def checkpoint(self, name: str) -> Checkpoint:
        """Find, verify and load a checkpoint by name.

        Raises:
            WeightsError: it is unknown, missing, or not what its card says.
        """
        card = self.card(name)
        return load_checkpoint(
            self.find(name), card.sha256, method=card.method, profile=card.profile
        )

    def select(self, method: str, profile: str | None = None, target: Target | None = None) -> Card:
        """Return the first card of a method that makes a target; one with a file goes first.

        Raises:
            WeightsError: no card fits.
        """
        cards = [
            entry.card
            for entry in self.entries.values()
            if entry.card.method == method
            and profile in (None, entry.card.profile)
            and not (target and target.missing(entry.card.targets))
        ]
        if not cards:
            wanted = " ".join(filter(None, (method, profile)))
            making = f" that makes {', '.join(target.names)}" if target else ""
            raise WeightsError(
                f"there are no weights of {wanted}{making}; see 'faceedit models list'"
            )
        return next((card for card in cards if self.locate(card.name)), cards[0])

    def open_method(
        self, method: str, profile: str | None = None, target: Target | None = None
    ) -> Checkpoint:
        """Load the given file where there is one, otherwise what `select` chooses.

        Which targets a given file makes is for the method to check against its architecture.

        Raises:
            WeightsError: nothing fits, or the file is not sound or of another method or profile.
        """
        if self.given is not None:
            return load_checkpoint(self.given.path, method=method, profile=profile)
        return self.checkpoint(self.select(method, profile, target).name)

    def _missing(self, card: Card) -> str:
        if card.source is not None:
            return f"{card.name} is not on this machine; run 'faceedit models pull {card.name}'"
        return (
            f"{card.name} is not on this machine: {card.file} is in none of "
            f"{', '.join(map(str, self.folders))}; reinstall faceedit or put it into "
            f"{user_weights()}"
        )


def _is_there(path: Path) -> bool:
    """Say whether there is anything at a path; who reads it complains of what is no file."""
    try:
        path.stat()
    except OSError:  # a home that is another user's must not stop the packaged weights
        return False
    return True


def open_registry(weights: Path | None = None) -> Registry:
    """Return the registry that a command works with.

    Args:
        weights: what ``--weights`` named: a safetensors file, or a folder searched first.

    Raises:
        WeightsError: `weights` does not exist or is no checkpoint, or a registry is not sound.
    """
    if weights is not None and _is_there(weights) and not weights.is_dir():
        return Registry.load(given=read_header(weights))
    return Registry.load(search_folders(weights))
