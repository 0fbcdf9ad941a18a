"""What portraits are labelled with: thirteen attributes, or eight expressions."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.faces.align import Crop
from faceedit.targets import ATTRIBUTES, EXPRESSIONS

LabelSet = Literal["attributes", "expressions"]


class AttributeLabels:
    """See `training.portraits.Labels`: 1 for each of `targets.ATTRIBUTES` that is there."""

    width = len(ATTRIBUTES)

    def knows(self, photo: LabelledPhoto) -> bool:
        """Say whether all thirteen are known: a difference of what is not known is none."""
        known = photo.attributes
        return len(known) == self.width and bool(np.isfinite(known).all())

    def read(self, photos: Sequence[LabelledPhoto], crops: Sequence[Crop]) -> np.ndarray:
        """Return what tables say: (n, 13)."""
        return np.array([photo.attributes for photo in photos], np.float32)

    def all_edits(self, shown: np.ndarray) -> np.ndarray:
        """Return every label that people are edited to from (13,): each attribute reversed (4.4).

        Returns:
            (13, 13), the k-th with another k-th attribute.
        """
        return np.abs(shown - np.eye(self.width, dtype=np.float32))


class ExpressionLabels:
    """See `training.portraits.Labels`: 1 for the one of `targets.EXPRESSIONS` that is shown."""

    width = len(EXPRESSIONS)

    def knows(self, photo: LabelledPhoto) -> bool:
        """Say whether the expression has a name."""
        return photo.expression in EXPRESSIONS

    def read(self, photos: Sequence[LabelledPhoto], crops: Sequence[Crop]) -> np.ndarray:
        """Return what tables say: (n, 8)."""
        numbers = [EXPRESSIONS.index(photo.expression) for photo in photos]
        return np.eye(self.width, dtype=np.float32)[numbers]

    def all_edits(self, shown: np.ndarray) -> np.ndarray:
        """Return every label that people are edited to: each expression, (8, 8)."""
        return np.eye(self.width, dtype=np.float32)


LABEL_SETS: dict[str, AttributeLabels | ExpressionLabels] = {
    "attributes": AttributeLabels(),
    "expressions": ExpressionLabels(),
}
"""By name, with the names of `vector.NAMES`."""
