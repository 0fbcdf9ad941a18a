"""A rig: everything the studio needs beside a photo, from one folder."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from faceedit.errors import UsageError
from faceedit.studio.expressions import ExpressionTables, load_tables
from faceedit.studio.fold_atlas import FoldAtlas, load_folds
from faceedit.studio.lips import LipSeal
from faceedit.studio.model import FaceModel, load_face_model
from faceedit.studio.mouth_bank import MouthBank, load_mouths


@dataclass(frozen=True)
class Rig:
    """The face model with its tables, folds and mouths.

    Attributes:
        model: the face model.
        tables: what expressions and action units are.
        folds: folds of the skin.
        mouths: donors of teeth.
    """

    model: FaceModel
    tables: ExpressionTables
    folds: FoldAtlas
    mouths: MouthBank

    @cached_property
    def seal(self) -> LipSeal:
        """Which vertices close the lips."""
        return LipSeal(self.model)


def load_rig(folder: Path) -> Rig:
    """Read a rig.

    Args:
        folder: what ``faceedit studio import`` and ``faceedit studio learn`` wrote.

    Raises:
        MissingError: one of its files is not there.
        UsageError: one of them is damaged, or does not fit the others.
    """
    try:
        model = load_face_model(folder)
        folds = load_folds(folder)
        tables = load_tables(model, folds.neutral_expression)
        return Rig(model, tables, folds, load_mouths(folder))
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{folder} holds no sound rig: {error}; build it again") from error
