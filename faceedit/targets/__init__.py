"""The vocabulary of edits. Everything that names a target goes through `parse_target`.

A `Target` is made of terms: named expressions (``happy:0.6``), action units (``au=12=3.5``),
attributes (``attr=eyeglasses=off``), light (``light=left``), a turn (``turn=yaw=20``), landmarks
(an array), or a reference face (``like=photo.jpg``, ``landmarks-like=photo.jpg``,
``relight-like=photo.jpg``), which is resolved to action units, to these and a turn, or to a light.
"""

from faceedit.targets.attributes import (
    ATTRIBUTES,
    KINDS,
    MORE_ATTRIBUTES,
    AttributeChange,
)
from faceedit.targets.attributes import PHRASES as ATTRIBUTE_PHRASES
from faceedit.targets.blend import blend
from faceedit.targets.changes import in_units, relative_units, unit_changes
from faceedit.targets.emfacs import EXPRESSION_UNITS
from faceedit.targets.expressions import EXPRESSIONS, OPEN_MOUTHED, SYNONYMS, Expression
from faceedit.targets.landmarks import Landmarks
from faceedit.targets.light import LightChange
from faceedit.targets.like import LandmarksLike, Like, RelightLike
from faceedit.targets.target import Target, TargetLike, parse_target, split_targets, union
from faceedit.targets.term import MAX_STRENGTH, Part, Term
from faceedit.targets.turn import Turn
from faceedit.targets.units import ACTION_UNITS, MAX_INTENSITY, UNIT_NAMES, UNIT_PHRASES, UnitChange

__all__ = [
    "ACTION_UNITS",
    "ATTRIBUTES",
    "ATTRIBUTE_PHRASES",
    "EXPRESSIONS",
    "EXPRESSION_UNITS",
    "KINDS",
    "MAX_INTENSITY",
    "MAX_STRENGTH",
    "MORE_ATTRIBUTES",
    "OPEN_MOUTHED",
    "SYNONYMS",
    "UNIT_NAMES",
    "UNIT_PHRASES",
    "AttributeChange",
    "Expression",
    "Landmarks",
    "LandmarksLike",
    "LightChange",
    "Like",
    "Part",
    "RelightLike",
    "Target",
    "TargetLike",
    "Term",
    "Turn",
    "UnitChange",
    "blend",
    "in_units",
    "parse_target",
    "relative_units",
    "split_targets",
    "union",
    "unit_changes",
]
