"""Named expressions as action units.

Units are those of EMFACS (Friesen and Ekman, EMFACS-7: Emotional Facial Action Coding System,
1983; Ekman, Friesen and Hager, FACS Investigator's Guide, 2002, table 10-2). It names no
intensities: these are what people name at a glance on the studio's faces.
"""

from collections.abc import Mapping

from faceedit.targets.units import Side

EXPRESSION_UNITS: Mapping[str, Mapping[int, float]] = {
    "neutral": {},
    "happy": {6: 2.5, 12: 4.0, 25: 1.5},
    "sad": {1: 4.0, 4: 2.5, 15: 3.5, 17: 2.0},
    "angry": {4: 4.5, 5: 1.5, 7: 3.0, 10: 1.0, 17: 1.0, 23: 3.0},
    "surprised": {1: 4.0, 2: 4.5, 5: 4.0, 25: 1.0, 26: 4.5},
    "disgusted": {4: 1.0, 7: 1.5, 9: 3.5, 10: 2.0, 15: 2.0, 17: 2.0},
    "afraid": {1: 4.5, 2: 2.5, 4: 2.5, 5: 4.5, 20: 3.5, 25: 2.0, 26: 2.0},
    "contemptuous": {12: 2.5, 14: 4.0},
}
"""Intensities at strength 1 by expression; all other units are 0."""
ONE_SIDED: Mapping[str, Side] = {"contemptuous": "left"}
"""Expressions that one side shows, the person's left or right."""
