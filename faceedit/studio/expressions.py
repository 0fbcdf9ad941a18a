"""What is asked of a face in blendshapes: named expressions, action units, and how people differ.

Amplitude 0 is the person's neutral face and 1 what people call the expression; action units run
from 0 to 5 as in FACS, evenly spaced in how far the skin moves.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from scipy.optimize import nnls

from faceedit.errors import UsageError
from faceedit.studio.model import FaceModel
from faceedit.targets import ACTION_UNITS

MOST_INTENSE = 5.0
AMPLITUDES = (0.3, 1.6)
"""Range that pairs are drawn from."""
CLOSED = frozenset({"neutral", "sad", "angry", "disgusted", "contemptuous", "squint"})
"""Expressions of closed lips."""
OPENING_UNITS = frozenset({12, 20, 25, 26})
"""Action units that may part the lips; the others leave closed lips closed."""
PARTING_UNITS = frozenset({25, 26})
"""Those that part them by themselves."""
PRESSED = -0.008
"""Gap of closed lips in eye distances: they press together a little."""
MANNER_SPREAD = 0.22
"""Standard deviation of the log of a blendshape's weight from person to person."""
SIDE_SPREAD = 0.08
"""The same between a face's two sides."""
WEIGHT_RANGE = (-0.35, 1.6)
SMILE_SHOWN = 0.2
"""Mean smile weight from which a photo's own expression is taken away as a whole."""
SMILE_OVERSHOOT = 1.15
"""A fitted smile is shrunk by the fit; so much more is taken away."""
OWN_SMILE = 0.4
"""Amplitude of a photo's own smile from which it is kept where a smile is asked for."""
INDIVIDUAL = 0.10
"""Weights about the mean neutral face that are the person's own."""
_LEFT_ALONE = ("eyeBlink", "eyeLook", "Pupil")


@dataclass(frozen=True)
class Ask:
    """What one target is asked to show.

    Attributes:
        blend: expression names with amplitudes, at most two; () for none. The empty blend without
            action units is the neutral face.
        action_units: intensities −5 to 5 in the order of `ACTION_UNITS`; all 0 for none. They add
            to the photo's own expression where `blend` is (); those below 0 take from it.
        lean: −1 to 1, how much stronger the person's left (positive) side shows it.
        manner: number that decides how this person does it; 0 is the table itself.
        share: 0 to 1, how much of the way from the photo's own face to what is asked is gone.
    """

    blend: tuple[tuple[str, float], ...] = ()
    action_units: tuple[float, ...] = (0.0,) * len(ACTION_UNITS)
    lean: float = 0.0
    manner: int = 0
    share: float = 1.0

    @property
    def of_units(self) -> bool:
        """Whether action units are asked for."""
        return any(self.action_units)

    @property
    def side_units(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Changes of the action units on the person's left and right side, (17,) each."""
        left, right = (self.share * (1 + side * self.lean) for side in (1, -1))
        return tuple(left * u for u in self.action_units), tuple(
            right * u for u in self.action_units
        )

    @property
    def opens(self) -> bool:
        """Whether action units are asked for that may part the lips."""
        return not OPENING_UNITS.isdisjoint(u for u, v in self._named_units if v > 0)

    @property
    def shuts(self) -> bool:
        """Whether the units that opened the photo's lips are taken away."""
        return not PARTING_UNITS.isdisjoint(u for u, v in self._named_units if v < 0)

    @property
    def _named_units(self) -> list[tuple[int, float]]:
        return list(zip(ACTION_UNITS, self.action_units, strict=True))

    @property
    def closes(self) -> bool:
        """Whether the lips are closed in the target."""
        if self.of_units:
            return not self.opens
        return all(name in CLOSED for name, _ in self.blend)

    def __str__(self) -> str:
        """Return a short name such as ``happy:1.3`` or ``AU4:3+AU7:2``."""
        if self.of_units:
            asked = "+".join(f"AU{u}:{v:g}" for u, v in self._named_units if v)
        else:
            asked = "+".join(f"{n}:{a:g}" for n, a in self.blend) or "neutral"
        return asked if self.share == 1 else f"{asked} ({self.share:.0%} of the way)"


@dataclass(frozen=True)
class ExpressionTables:
    """Blend weights of what can be asked for.

    Attributes:
        model: the face model.
        neutral: (E,) mean fitted weights of real neutral faces.
        expressions: (E,) weights at amplitude 1 by name.
        beyond: (E,) weights that each unit of amplitude beyond 1 adds, by name.
        action_units: (17, E) weights at intensity 5, in the order of `ACTION_UNITS`.
        calm: (17,) intensities below 5 that fits of calm faces stay below.
    """

    model: FaceModel
    neutral: np.ndarray
    expressions: Mapping[str, np.ndarray]
    beyond: Mapping[str, np.ndarray]
    action_units: np.ndarray
    calm: np.ndarray

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All expressions, neutral first."""
        return ("neutral", *self.expressions)

    @cached_property
    def _free(self) -> np.ndarray:
        """Blendshapes that an expression sets: lids' blinks and gaze are the photo's own."""
        names = self.model.expression_names
        return np.array([not name.startswith(_LEFT_ALONE) for name in names])

    def change(self, ask: Ask) -> np.ndarray:
        """Return the (E,) weights that an ask adds to the face it starts from.

        Raises:
            UsageError: an expression is unknown.
        """
        units = np.asarray(ask.action_units)
        units = np.where(units < 0, SMILE_OVERSHOOT * units, units)
        weights = units / MOST_INTENSE @ self.action_units
        for name, amplitude in ask.blend:
            if name == "neutral":
                continue
            if name not in self.expressions:
                known = ", ".join(self.names)
                raise UsageError(f"unknown expression {name!r}; known: {known}")
            weights = weights + amplitude * self.expressions[name]
            if name in self.beyond:
                weights = weights + max(0.0, amplitude - 1.0) * self.beyond[name]
        return weights * self._manner(ask)

    def _manner(self, ask: Ask) -> np.ndarray:
        """Return the (E,) factors of one person's manner and lean."""
        factors = np.ones(len(self.neutral))
        if ask.manner:
            draw = np.random.default_rng(ask.manner).standard_normal((2, len(factors)))
            shared = (draw[0] + draw[0][self.model.mirrored]) / np.sqrt(2)
            shared = np.where(self.model.mirrored == np.arange(len(factors)), draw[0], shared)
            factors = np.exp(MANNER_SPREAD * shared + SIDE_SPREAD * draw[1])
        for i, name in enumerate(self.model.expression_names):
            if name.endswith("_L"):
                factors[i] *= 1 + ask.lean
            elif name.endswith("_R"):
                factors[i] *= 1 - ask.lean
        return factors

    def neutralised(self, shown: np.ndarray, *, whole: bool = False) -> np.ndarray:
        """Return the (E,) weights of a face with its expression taken away.

        Args:
            shown: (E,) fitted weights of the photo.
            whole: to the mean neutral face; else what may be the person's own stays.
        """
        excess = shown - self.neutral
        individual = np.sign(excess) * np.minimum(np.abs(excess), INDIVIDUAL)
        part = 1.0 if whole else min(1.0, self.smile(shown) / SMILE_SHOWN)
        removed = part * (1.0 if whole else SMILE_OVERSHOOT) * excess
        removed += (1 - part) * (excess - individual)
        return np.where(self._free, shown - removed, shown)

    def smile(self, shown: np.ndarray) -> float:
        """Return how much (E,) fitted weights smile beyond the mean neutral face, at least 0."""
        return max(0.0, self.model.mean_weight(shown - self.neutral, "mouthSmile"))

    def target(self, shown: np.ndarray, ask: Ask) -> np.ndarray:
        """Return the (E,) weights of the target.

        Args:
            shown: (E,) fitted weights of the photo.
            ask: what the target shows.
        """
        if ask.share < 1:
            whole = self.target(shown, replace(ask, share=1.0))
            return shown + ask.share * (whole - shown)
        neutral = not ask.of_units and all(n == "neutral" for n, _ in ask.blend)
        if neutral:
            return self.neutralised(shown, whole=True)
        if ask.of_units and not ask.blend:
            return np.clip(shown + self.change(ask), *WEIGHT_RANGE)
        start = self.neutralised(shown)
        own = self.smile(shown) / self.model.mean_weight(self.expressions["happy"], "mouthSmile")
        asked = dict(ask.blend).get("happy", 0.0)
        if own > OWN_SMILE and asked > 0:
            # A smile that is there already is made smaller or larger, not taken off and put on.
            start = start + min(1.0, asked / own) * (shown - start)
            rest = tuple((n, max(0.0, a - own) if n == "happy" else a) for n, a in ask.blend)
            ask = replace(ask, blend=rest)
        return np.clip(start + self.change(ask), *WEIGHT_RANGE)

    def units_of(self, change: np.ndarray) -> np.ndarray:
        """Explain blend weights by action units, (17,) in [0, 5], by non-negative least squares.

        Args:
            change: (E,) weights beyond the neutral face.
        """
        found, _ = nnls(self.action_units.T / MOST_INTENSE, change)
        return np.clip(found, 0.0, MOST_INTENSE)

    def units_asked(self, ask: Ask) -> np.ndarray:
        """Say which action units a calm face shows after an ask, (17,) in [0, 5]."""
        if ask.of_units:
            units = np.clip(ask.share * np.asarray(ask.action_units), 0.0, MOST_INTENSE)
        else:
            units = ask.share * self.units_of(self.change(ask))
        # Lids that are raised and closed at once show the difference.
        raised, closed = (ACTION_UNITS.index(unit) for unit in (5, 45))
        units[[raised, closed]] -= min(units[raised], units[closed])
        return units

    def units_shown(self, shown: np.ndarray) -> np.ndarray:
        """Say which action units a photo shows, as far as its fit tells, (17,) in [0, 5].

        Fits take a person's own features for actions; what calm faces' fits say is left out. And
        they take actions for features: of 12 and 26 they see the half, of the others up to a fifth.
        So this is no label.

        Args:
            shown: (E,) fitted weights of the photo.
        """
        found = self.units_of(shown - self.neutral)
        return np.maximum(found - self.calm, 0.0) * MOST_INTENSE / (MOST_INTENSE - self.calm)


def load_tables(model: FaceModel, neutral: np.ndarray) -> ExpressionTables:
    """Read the tables that ship with the package.

    Args:
        model: the face model.
        neutral: (E,) mean fitted weights of real neutral faces.
    """
    tables = _read_tables()
    units = tables["action_units"]
    return ExpressionTables(
        model=model,
        neutral=np.asarray(neutral, np.float64),
        expressions={n: model.weights(**named) for n, named in tables["expressions"].items()},
        beyond={n: model.weights(**named) for n, named in tables["beyond"].items()},
        action_units=np.array([model.weights(**units[str(u)]) for u in ACTION_UNITS]),
        calm=np.array([tables["calm"][str(u)] for u in ACTION_UNITS]),
    )


def known_expressions() -> tuple[str, ...]:
    """Return the names of all expressions that can be asked for, neutral first."""
    return ("neutral", *_read_tables()["expressions"])


def _read_tables() -> dict[str, Any]:
    return tomllib.loads((files("faceedit.studio") / "tables.toml").read_text())
