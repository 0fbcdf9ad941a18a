"""Everything that is read of one face."""

from dataclasses import dataclass

import numpy as np

from faceedit.faces.pose import HeadPose
from faceedit.faces.sharpness import Sharpness
from faceedit.faces.types import Face
from faceedit.recognisers.appearance import AppearanceReading
from faceedit.recognisers.expression import ExpressionReading
from faceedit.recognisers.identity import Identity


@dataclass(frozen=True, eq=False, repr=False)
class FaceReading:
    """Everything that is read of one face. A notebook shows it as a table.

    Attributes:
        face: where it is: landmarks, box and scores, in pixels of the upright photo.
        pose: of the head, from the landmarks.
        sharpness: at the photo's own resolution.
        expression: the named expression and its strength.
        units: (17,) intensities 0 to 5 of action units, in the order of `targets.ACTION_UNITS`.
        appearance: parts of the picture, light and attributes.
        naturalness: 0 (unnatural) to 10 (hyper-realistic), see its card for what that rests on.
        identity: what tells people apart; None where it was not asked for.
    """

    face: Face
    pose: HeadPose
    sharpness: Sharpness
    expression: ExpressionReading
    units: np.ndarray
    appearance: AppearanceReading
    naturalness: float
    identity: Identity | None = None

    def __repr__(self) -> str:
        """Say in a line what the face shows and where it is."""
        from faceedit.analysis.words import box_words, expression_words

        return f"<FaceReading {expression_words(self.expression)}; {box_words(self.face)}>"

    def _repr_html_(self) -> str:
        from html import escape

        from faceedit.analysis.words import table_rows

        rows = (
            f"<tr><th style='text-align: left'>{escape(name)}</th>"
            f"<td style='text-align: left'>{escape(words)}</td></tr>"
            for name, words in table_rows(self)
        )
        return f"<table>{''.join(rows)}</table>"
