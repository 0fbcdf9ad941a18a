"""Named expressions as action units.

Units are those of EMFACS (Friesen and Ekman, EMFACS-7: Emotional Facial Action Coding System,
1983; Ekman, Friesen and Hager, FACS Investigator's Guide, 2002, table 10-2). It names no
intensities: these are what people name at a glance on the studio's faces.
"""

from collections.abc import Mapping

from faceedit.targets.units import Side

EXPRESSION_UNITS: Mapping[str, Mapping[int, float]] = {
    "neutral": {},
    "happy": {6: 2.0, 12: 3.0, 25: 1.0},
    "sad": {1: 3.0, 4: 2.0, 15: 3.0, 17: 1.5},
    "angry": {4: 3.5, 5: 1.0, 7: 2.5, 10: 1.0, 17: 1.0, 23: 2.5},
    "surprised": {1: 3.0, 2: 4.0, 5: 3.0, 25: 1.0, 26: 3.5},
    "disgusted": {4: 1.0, 7: 1.0, 9: 3.0, 10: 2.0, 15: 1.5, 17: 1.5},
    "afraid": {1: 3.5, 2: 2.0, 4: 2.0, 5: 3.0, 20: 2.5, 25: 1.5, 26: 1.5},
    "contemptuous": {12: 2.0, 14: 3.5},
}
"""Intensities at strength 1 by expression; all other units are 0."""
ONE_SIDED: Mapping[str, Side] = {"contemptuous": "left"}
"""Expressions that one side shows, the person's left or right."""
