"""Readings as people read them: short phrases for tables and drawings."""

from collections.abc import Sequence

import numpy as np

from faceedit.analysis.reading import FaceReading
from faceedit.faces.pose import HeadPose
from faceedit.faces.types import Face
from faceedit.recognisers.appearance import AppearanceReading
from faceedit.recognisers.expression import ExpressionReading
from faceedit.targets import ACTION_UNITS, ATTRIBUTES, EXPRESSIONS, UNIT_NAMES

STRENGTHS = ("hardly", "slightly", "clearly", "extremely")
"""0 to 3."""
TRACE = 1.0
"""Action units below FACS's first grade are not mentioned."""
RIVAL = 0.2
"""A second expression as likely as this is mentioned."""
STRAIGHT = 4.0
"""Degrees that count as none."""
HAIR = ("black_hair", "blond_hair", "brown_hair")


def expression_words(reading: ExpressionReading) -> str:
    """Return for example ``clearly happy 97%`` or ``slightly sad 55%, neutral 40%``."""
    first, second = np.argsort(-reading.probabilities)[:2]
    name, chance = EXPRESSIONS[first], reading.probabilities[first]
    how = "" if name == "neutral" else STRENGTHS[min(round(reading.strength), 3)] + " "
    words = f"{how}{name} {chance:.0%}"
    if reading.probabilities[second] >= RIVAL:
        words += f", {EXPRESSIONS[second]} {reading.probabilities[second]:.0%}"
    return words


def box_words(face: Face) -> str:
    """Return for example ``180 x 240 at 120, 40``, in pixels."""
    left, top, right, bottom = (round(side) for side in face.box)
    return f"{right - left} x {bottom - top} at {left}, {top}"


def main_units(units: np.ndarray, most: int = 5) -> list[tuple[int, float]]:
    """Return the strongest of (17,) action units with their intensities, strongest first."""
    pairs = [(unit, float(v)) for unit, v in zip(ACTION_UNITS, units, strict=True)]
    return sorted((p for p in pairs if p[1] >= TRACE), key=lambda p: -p[1])[:most]


def light_words(reading: AppearanceReading) -> str:
    """Return for example ``slight left 81%, strength 0.44``."""
    chance = float(reading.lights.max())
    return f"{reading.light.replace('_', ' ')} {chance:.0%}, strength {reading.strength:.2f}"


def attribute_words(reading: AppearanceReading) -> list[str]:
    """Return the attributes that are surely there, and what it means that two surely are not.

    Of the colours of hair there is the likeliest, and none where the head is bald. Nothing is said
    of what is unsure.
    """
    there = reading.there
    chances = dict(zip(ATTRIBUTES, reading.attributes, strict=True))
    colour = max(HAIR, key=lambda name: chances[name])
    words = [
        yes if there[name] else no
        for name, yes, no in (("male", "male", "female"), ("young", "young", "not young"))
        if there[name] is not None
    ]
    for name in ATTRIBUTES:
        hidden = name in HAIR and (name != colour or there["bald"])
        if name not in ("male", "young") and there[name] and not hidden:
            words.append(name.replace("_", " "))
    return words


def pose_words(pose: HeadPose) -> str:
    """Return for example ``turned 21° right, up 5°`` in the directions of the picture."""
    words = [
        f"{what} {abs(angle):.0f}°"
        for what, angle in (
            ("turned right" if pose.yaw > 0 else "turned left", pose.yaw),
            ("up" if pose.pitch > 0 else "down", pose.pitch),
            ("tilted right" if pose.roll > 0 else "tilted left", pose.roll),
        )
        if abs(angle) >= STRAIGHT
    ]
    return ", ".join(words) or "straight"


def table_rows(reading: FaceReading) -> Sequence[tuple[str, str]]:
    """Return what a table says of one face: names and phrases."""
    units = [f"{unit} {UNIT_NAMES[unit]} {v:.1f}" for unit, v in main_units(reading.units)]
    sharpness = reading.sharpness
    return (
        ("box", f"{box_words(reading.face)}; score {reading.face.score:.2f}"),
        ("expression", expression_words(reading.expression)),
        ("action units", ", ".join(units) or "none"),
        ("light", light_words(reading.appearance)),
        ("attributes", ", ".join(attribute_words(reading.appearance)) or "unsure"),
        ("pose", pose_words(reading.pose)),
        ("naturalness", f"{reading.naturalness:.1f} of 10"),
        ("sharpness", f"edges {sharpness.edge_width:.1f} px wide, {sharpness.lines:.0f} lines"),
    )
