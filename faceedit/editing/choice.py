"""Which faces of a photo are edited: by where they are, and by who they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from faceedit.editing.reference import FindsFaces, open_reference
from faceedit.errors import UsageError
from faceedit.faces.align import extract_crop
from faceedit.faces.types import Face
from faceedit.limits import COUNT, shorten
from faceedit.recognisers.identity import Identity, IdentityRecogniser
from faceedit.registry import sha256_of
from faceedit.targets import Target, union
from faceedit.targets.like import parse_like

PLACES = ("left", "right", "center")
NOT_ASKED = "it is not one of the faces asked for"
"""With what this begins, why a face is left alone says that another one was meant."""
SIZE = 256
"""Side in pixels of the crop that is read."""


@dataclass(frozen=True)
class WhichFaces:
    """What a user says of the faces that are meant. All of it has to hold.

    Attributes:
        place: ``left``, ``right``, ``center`` or the N-th largest; empty takes all.
        only: photos of people, ``PHOTO`` or ``PHOTO#FACE``; one of them is meant.
        leave: photos of people who are not meant.
        people: photos of people, and what each of them is to show in place of the target.
        alike: cosine from which on two faces count as one person's; None takes the network's own.

    Raises:
        UsageError: a place that is none, or a cosine where nobody is named.
    """

    place: str = ""
    only: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    people: tuple[tuple[str, Target], ...] = ()
    alike: float | None = None

    def __post_init__(self) -> None:
        if self.alike is not None and not self.by_person:
            raise UsageError("--alike: name people with --only, --not or a table of people")
        is_number = self.place.isascii() and self.place.isdecimal() and len(self.place) < 10
        if is_number and 1 <= int(self.place) <= COUNT:
            return
        if self.place and self.place not in PLACES:
            raise UsageError(
                f"--face {shorten(self.place)!r}: write left, right, center, or a number: the "
                "largest face is 1"
            )

    @property
    def by_person(self) -> bool:
        """Whether it matters who a face is."""
        return bool(self.only or self.leave or self.people)

    def whole(self, target: Target) -> Target:
        """Return a target with all that any face may be asked for."""
        return union([target, *(one for _, one in self.people)]) if self.people else target

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of it: photos by their hashes, and only what was asked."""
        facts = {
            "face": self.place,
            "only": [_hash(one) for one in self.only],
            "not": [_hash(one) for one in self.leave],
            "people": {_hash(one): str(target) for one, target in self.people},
            "alike": self.alike,
        }
        return {name: one for name, one in facts.items() if one not in ("", [], {}, None)}


class Chosen(NamedTuple):
    """Whether a face is meant.

    Attributes:
        why_not: empty where it is.
        target: what it is to show in place of what all show.
    """

    why_not: str = ""
    target: Target | None = None


@dataclass(frozen=True)
class Chooser:
    """Says which faces of a photo are meant.

    Attributes:
        which: what the user said.
        network: reads who faces are; None where that does not matter.
        known: who the reference photos of ``which`` show.
        others: faces of nobody in ``people`` are meant, too.
    """

    which: WhichFaces
    network: IdentityRecogniser | None = field(default=None, repr=False)
    known: dict[str, Identity] = field(default_factory=dict, repr=False)
    others: bool = True

    @property
    def threshold(self) -> float:
        """Cosine from which on two faces count as one person's."""
        if self.which.alike is not None:
            return self.which.alike
        return 1.0 if self.network is None else float(self.network.threshold)

    def choose(self, pixels: np.ndarray, faces: Sequence[Face]) -> list[Chosen]:
        """Say of each face whether it is meant.

        Args:
            pixels: (H, W, 3) of the photo.
            faces: all of it, the largest first.
        """
        chosen = [Chosen()] * len(faces)
        if self.network is not None and faces:
            crops = [extract_crop(pixels, face.landmarks, SIZE) for face in faces]
            # One at a time, so that no answer depends on how many there are.
            who = self.network.read(crops, 1)
            chosen = [self._by_person(one) for one in who]
        meant = [at for at, one in enumerate(chosen) if not one.why_not]
        if self.which.place and meant:
            at = _placed(self.which.place, faces, meant, pixels.shape[1])
            said = f"{NOT_ASKED}: --face {self.which.place}"
            chosen = [
                one if n == at or one.why_not else Chosen(said) for n, one in enumerate(chosen)
            ]
        return chosen

    def _by_person(self, who: Identity) -> Chosen:
        which = self.which
        if which.only and (best := self._likest(which.only, who)) < self.threshold:
            return Chosen(f"{NOT_ASKED}: alike by {best:.2f}, --only needs {self.threshold:.2f}")
        if which.leave and (best := self._likest(which.leave, who)) >= self.threshold:
            return Chosen(f"{NOT_ASKED}: alike by {best:.2f}, --not from {self.threshold:.2f} on")
        if not which.people:
            return Chosen()
        name, target = max(which.people, key=lambda one: self.known[one[0]].cosine(who))
        best = self.known[name].cosine(who)
        if best >= self.threshold:
            return Chosen("", target)
        needed = f"alike by {best:.2f}, a person needs {self.threshold:.2f}"
        return Chosen() if self.others else Chosen(f"{NOT_ASKED}: {needed}")

    def _likest(self, names: Sequence[str], who: Identity) -> float:
        return max(self.known[one].cosine(who) for one in names)


def load_chooser(
    which: WhichFaces,
    others: bool,
    finder: FindsFaces,
    load: Callable[[], IdentityRecogniser],
) -> Chooser | None:
    """Return what chooses faces, with its reference photos read; None where all are meant.

    Args:
        which: what the user said.
        others: faces of nobody in ``people`` are meant, too.
        finder: finds the faces of reference photos.
        load: loads the network, where it is needed.

    Raises:
        UsageError: a reference cannot be read, or has no such face.
    """
    if not which.by_person:
        return Chooser(which) if which.place else None
    network, known = load(), {}
    for name in (*which.only, *which.leave, *(one for one, _ in which.people)):
        if name not in known:
            (like,) = parse_like(name)
            pixels, face = open_reference(like, finder)
            (known[name],) = network.read([extract_crop(pixels, face.landmarks, SIZE)], 1)
    return Chooser(which, network, known, others)


def _placed(place: str, faces: Sequence[Face], meant: Sequence[int], width: int) -> int:
    """Return which of the faces that are meant stands at a place; -1 for none."""
    if place not in PLACES:
        return meant[int(place) - 1] if int(place) <= len(meant) else -1
    middle = {at: (faces[at].box[0] + faces[at].box[2]) / 2 for at in meant}
    if place == "center":
        return min(meant, key=lambda at: abs(middle[at] - (width - 1) / 2))
    return (min if place == "left" else max)(meant, key=middle.__getitem__)


def _hash(name: str) -> str:
    (like,) = parse_like(name)
    try:
        found = sha256_of(Path(like.path))
    except OSError:
        return like.text
    return found if like.face == 1 else f"{found}#{like.face}"
