"""Everything that metrics measure from: edits, and what networks say of their pictures."""

from functools import cached_property

import numpy as np

from faceedit.evaluation.edits import NONE, Asked, Edits
from faceedit.evaluation.gallery import Gallery
from faceedit.targets import EXPRESSIONS

TARGET, REAL, UNITS, ATTRIBUTE = "target", "real", "action units", "attribute"
MASK, TIME, PHOTOS = "mask", "time", "real photos"


class Evidence:
    """Edits with what networks say of them.

    Args:
        edits: N of them.
        gallery: of the edits' pictures.
    """

    def __init__(self, edits: Edits, gallery: Gallery):
        self.edits, self.gallery = edits, gallery

    def take(self, index: np.ndarray) -> "Evidence":
        """Return the evidence of some edits; what networks said is kept."""
        return Evidence(self.edits.take(index), self.gallery)

    def copied(self) -> "Evidence":
        """Return the evidence of edits that change nothing."""
        return Evidence(self.edits.copied(), self.gallery)

    def look(self, network: str, column: str, side: str) -> np.ndarray:
        """Return what a network says of one side of all edits.

        Args:
            network: its name.
            column: of what it says.
            side: ``before``, ``after`` or ``real``.

        Returns:
            (N, ...) float64, NaN where there is no such picture.
        """
        numbers = getattr(self.edits, side)
        found = self.gallery.look(network, column)[numbers]
        found[numbers == NONE] = np.nan
        return found

    def compare(self, comparison: str, side: str) -> np.ndarray:
        """Compare the result with ``before`` or ``real``: (N,) float64, NaN where that is not."""
        return self.gallery.compare(comparison, self.edits.after, getattr(self.edits, side))

    def landmarks(self, side: str) -> np.ndarray:
        """Return (N, 478, 3) landmarks of one side in crop pixels, NaN where there is no face."""
        numbers = getattr(self.edits, side)
        found = self.gallery.pictures.landmarks[numbers]
        found[numbers == NONE] = np.nan
        return found

    def wanted(self) -> np.ndarray:
        """Return (N,) int the expression asked for in `targets.EXPRESSIONS`; -1 for none."""
        numbers = [EXPRESSIONS.index(a.expression) if a.expression else -1 for a in self._asked]
        return np.array(numbers, np.int64)

    @property
    def _asked(self) -> list[Asked]:
        return [self.edits.asked[i] for i in self.edits.which.tolist()]

    def wanted_units(self) -> np.ndarray:
        """Return (N, 17) intensities that the result should have, NaN where none are known.

        Those that were asked for, or else those that the judge of action units sees in the real
        photo of the person (EGGAN reads them off the target picture in the same way).
        """
        asked = np.array([a.action_units or (np.nan,) * 17 for a in self._asked], np.float64)
        if (self.edits.real == NONE).all():
            return asked
        seen = self.look("unit-judge", "intensities", "real")
        return np.where(np.isnan(asked), seen, asked)

    def wanted_attributes(self) -> np.ndarray:
        """Return (N, 13) 1 and 0 for attributes to add and remove, NaN for all others."""
        return np.array([a.attributes or (np.nan,) * 13 for a in self._asked], np.float64)

    def real_photos(self, expression: int) -> np.ndarray:
        """Return the numbers of the pictures that are real photos of an expression."""
        return np.flatnonzero(self.gallery.pictures.expressions == EXPRESSIONS[expression])

    @cached_property
    def person_numbers(self) -> np.ndarray:
        """(M,) number of the person in each picture."""
        # Every face of a photo counts as one: they share its light and its camera.
        people = [name.partition("#")[0] for name in self.gallery.pictures.people.tolist()]
        return np.unique(np.array(people, str), return_inverse=True)[1]

    @property
    def person(self) -> np.ndarray:
        """(N,) number of the person of each edit."""
        return self.person_numbers[self.edits.before]

    def lacks(self, need: str) -> str:
        """Return why something that a metric needs is not there, or ""."""
        reason = _REASONS.get(need)
        if reason is None:
            return self.gallery.networks.lacks(need)
        return "" if self._has(need) else reason

    def _has(self, need: str) -> bool:
        edits = self.edits
        if need == TARGET:
            return bool((self.wanted() >= 0).any())
        if need == REAL:
            return bool((edits.real != NONE).any())
        if need == UNITS:
            return bool((edits.real != NONE).any() or any(a.action_units for a in edits.asked))
        if need == ATTRIBUTE:
            return any(a.attributes for a in edits.asked)
        if need == MASK:
            return not np.isnan(edits.changed_outside).all()
        if need == PHOTOS:
            return any(self.real_photos(e).size for e in set(self.wanted().tolist()) - {-1})
        return not np.isnan(edits.seconds).all()


_REASONS = {
    TARGET: "which expression was asked for is not known; name it with -t",
    REAL: "there is no real photo of the same person as asked for",
    UNITS: "which action units were asked for is not known; name them with --au",
    ATTRIBUTE: "no attribute was asked for",
    MASK: "the edited pictures have another size than the photos",
    TIME: "the pictures were edited elsewhere",
    PHOTOS: "there are no real photos of what was asked for",
}
