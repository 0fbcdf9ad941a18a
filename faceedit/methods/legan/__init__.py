"""LEGAN: light on a person."""

from faceedit.methods.descriptor import Descriptor
from faceedit.targets import EXPRESSIONS

_NAMES = (
    "ambient", "bright", "dim", "left", "right", "slight_left", "slight_right", "top", "bottom",
    "top_left", "top_right", "quarter_left", "quarter_right", "rim_left", "rim_right",
    "left_shadow", "right_shadow", "slight_left_shadow", "slight_right_shadow", "back", "flat",
    "own", "normal", "weak", "dark",
)  # fmt: skip
"""Of `lights.LIGHTS` and `LEVELS`, whose module needs numpy, and of `targets.LightChange`."""
DESCRIPTOR = Descriptor(
    name="legan",
    paper="LEGAN: masks of expression and of light, and a critic of naturalness",
    profile="fast",
    targets=tuple(f"light={name}" for name in _NAMES),
    crop_size=256,
    region="person",
    cost=80,
    module="faceedit.methods.legan.method",
    training="faceedit.methods.legan.tasks",
    paper_targets=EXPRESSIONS,
    partner="reggan",
)
