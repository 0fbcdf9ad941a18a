"""Shading and folds that come with an expression, and those that go with it.

A fold is where skin bends, on everybody; a line is narrow and fine, and only skin of some age has
it. The crease of an upper lid (`compose.eyes`) is neither: it is where that lid folds in.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.studio.fields import grid
from faceedit.studio.fold_atlas import FoldAtlas, FoldChoice
from faceedit.studio.lines import FOLDS, LINES, lined_ness, log_luma, luma_band
from faceedit.studio.made_up_folds import ACTIONS, Folds
from faceedit.studio.model import FaceModel
from faceedit.studio.motion_shading import FROM_ABOVE, shading_log_ratio
from faceedit.studio.strokes import SIDE
from faceedit.studio.subject import Pose, Subject

DARK_TINT = np.array([0.75, 1.05, 1.15], np.float32)
"""Exponents of R, G, B where skin darkens: light from inside it is red."""
BRIGHT_TINT = 0.8
TINT_REMOVED = 1.6
"""How much more of a fold's colour than of its darkness goes with it."""
DARKEST, BRIGHTEST = -0.75, 0.35
"""Bounds of the log ratio of all folds together."""
SHADING = 1.0
"""Share of the model's shading; less in a smile, whose shading was measured."""
SOFT, FINE, FOLLOWED = 1.0, 1.0, 1.4
"""Gains of made-up folds, of made-up lines, and of deepening the photo's own lines."""
LIFTED = 0.75
"""Share of a measured smile where it brightens: not everybody's folds that go were as dark."""
FULL_SMILE = 0.35
"""Change of mouthSmile from which on folds go as far as they do."""
SEAM = 0.03
"""Half width on the atlas over which the left half's strength passes into the right's."""


def fold_log_ratio(
    subject: Subject,
    target: Pose,
    atlas: FoldAtlas,
    choice: FoldChoice,
    bare: np.ndarray | None = None,
    *,
    towards: tuple[float, float, float] | np.ndarray = FROM_ABOVE,
    lined: float | None = None,
) -> np.ndarray:
    """Return how skin darkens and brightens as it goes from the photo's expression to another.

    Large shading comes from the model's shape, smile folds from measured smiles, the others from
    made-up maps; lines only as far as the person is lined, and the photo's own lines deepen.

    Args:
        subject: the photo.
        target: where to.
        atlas: of the same model.
        choice: which folds.
        bare: (S, S) in [0, 1] on the photo's pixels, 0 where hair or spectacles hide the skin.
        towards: (3,) to the light, x right, y up, z to the camera.
        lined: in [0, 1] how lined the person is; None judges the photo.

    Returns:
        (S, S, 3) float32 log ratio RGB on the target's pixels, 0 off the face's skin.
    """
    change = target.expression - subject.expression
    if not np.any(change):
        return np.zeros((target.size, target.size, 3), np.float32)
    lined = lined_ness(subject.crop) if lined is None else lined
    shade = shading_log_ratio(subject.pose, target, towards)
    spread = _spread(subject, target, atlas, shade)
    there, shown = spread.cover, _shown(bare, spread)

    strengths = np.stack([_strengths(subject.model, change, side) for side in ("_R", "_L")])
    folds = atlas.made_up[choice.made_up % len(atlas.made_up)]
    drawn, zones = cv2.split(spread.sample(_folded(folds, strengths, lined)))
    zones = np.minimum(zones, 1.0)
    own = luma_band(log_luma(subject.crop.pixels), subject.unit, LINES)
    own = spread.from_photo(np.clip(own, -0.25, 0.05))
    made_up = drawn + FOLLOWED * zones * own

    smile = spread.sample(_two_sided_smile(atlas.smile(choice), subject.model, change))
    smile = np.where(smile > 0, LIFTED * smile, smile)
    face, surface = cv2.split(spread.sample(atlas.masks))
    gray = _shading_gain(subject.model, change) * spread.shade * surface
    gray += made_up * face * shown
    tinted = (np.minimum(gray, 0) + BRIGHT_TINT * np.maximum(gray, 0))[..., None] * DARK_TINT
    ratio = (tinted + smile * shown[..., None]) * there[..., None]
    return choice.gain * np.clip(ratio, DARKEST, BRIGHTEST)


def fold_removal(
    subject: Subject,
    target: Pose,
    atlas: FoldAtlas,
    amount: float = 0.55,
    bare: np.ndarray | None = None,
) -> np.ndarray:
    """Return what fades the folds of a smile that the photo shows and the target does not.

    Args:
        subject: the photo.
        target: where to.
        atlas: of the same model.
        amount: share of a fold that goes, in [0, 1].
        bare: (S, S) in [0, 1] on the photo's pixels, 0 where hair or spectacles hide the skin.

    Returns:
        (S, S, 3) float32 log ratio RGB on the target's pixels.
    """
    model = subject.model
    change = target.expression - subject.expression
    lost = -model.mean_weight(change, "mouthSmile")
    amount *= float(np.clip(lost / FULL_SMILE, 0.0, 1.0))
    if amount == 0:
        return np.zeros((target.size, target.size, 3), np.float32)
    spread = _spread(subject, target, atlas, np.zeros(model.n_skin, np.float32))
    bands = luma_band(np.log(np.maximum(subject.crop.pixels, 0.02)), subject.unit, FOLDS)
    own = spread.from_photo(np.clip(bands, -0.5, 0.5))
    # Folds are redder than the skin about them: brightened alone they would glow.
    gray = own.mean(2, keepdims=True)
    own = amount * gray + (amount * TINT_REMOVED) * (own - gray)
    where = spread.sample(atlas.folds) * spread.cover * _shown(bare, spread)
    return -own * where[..., None]


@dataclass(frozen=True)
class _Spread:
    """What the target's pixels show: of the atlas, of the photo, of the shading.

    Attributes:
        atlas: (S, S, 2) float32 atlas coordinates.
        photo: (S, S, 2) float32 pixels of the photo.
        shade: (S, S) float32 shading log ratio.
        cover: (S, S) float32 in [0, 1], falling to 0 at the skin's edges.
    """

    atlas: np.ndarray
    photo: np.ndarray
    shade: np.ndarray
    cover: np.ndarray

    def sample(self, maps: np.ndarray) -> np.ndarray:
        """Lay an atlas map (A, A) or (A, A, C) on the pixels."""
        where = self.atlas * np.float32(maps.shape[0] - 1)
        return cv2.remap(maps, where[..., 0], where[..., 1], cv2.INTER_LINEAR)

    def from_photo(self, values: np.ndarray) -> np.ndarray:
        """Carry (S, S) values on the photo's pixels along with the skin."""
        x, y = self.photo[..., 0], self.photo[..., 1]
        return cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _spread(subject: Subject, target: Pose, atlas: FoldAtlas, shade: np.ndarray) -> _Spread:
    """Draw what the skin's vertices know on the target's pixels."""
    model, drawing = subject.model, target.drawing
    known = np.zeros((len(model.neutral), 5), np.float32)
    known[: model.n_skin, :2] = atlas.places
    known[: model.n_skin, 2:4] = (subject.pose.places - target.places)[: model.n_skin]
    known[: model.n_skin, 4] = shade
    pixels = drawing.interpolate(known)
    skin = drawing.skin.astype(np.float32)
    photo = pixels[..., 2:4] + grid(skin.shape)
    soft = cv2.GaussianBlur(skin, (0, 0), 0.012 * subject.unit)
    cover = np.clip(2.0 * soft - 1.0, 0.0, 1.0) * skin
    return _Spread(
        np.where(drawing.skin[..., None], pixels[..., :2], -1.0).astype(np.float32),
        photo,
        cv2.GaussianBlur(pixels[..., 4], (0, 0), 0.008 * subject.unit),
        cover,
    )


def _shown(bare: np.ndarray | None, spread: _Spread) -> np.ndarray:
    if bare is None:
        return np.ones_like(spread.cover)
    return spread.from_photo(np.ascontiguousarray(bare, np.float32))


def _strengths(model: FaceModel, change: np.ndarray, side: str) -> np.ndarray:
    """Return how strongly each of `ACTIONS` newly folds one side, (K,) float32, at least 0."""

    def of(name: str) -> float:
        return float(change[model.sides(name)[0 if side == "_L" else -1]])

    frown, sneer = max(0.0, of("browDown")), of("noseSneer")
    inner, outer = of("browInnerUp"), of("browOuterUp")
    squint, cheek = of("eyeSquint"), of("cheekSquint")
    raised = {
        "forehead_inner": 0.7 * inner + 0.4 * outer - 0.3 * frown,
        "forehead_outer": 0.2 * inner + 0.8 * outer - 0.3 * frown,
        "frown": frown + 0.15 * sneer,
        "nose": sneer,
        "wing": 0.8 * sneer + 0.5 * of("mouthUpperUp") - 0.5 * max(0.0, of("mouthSmile")),
        "corner": of("mouthFrown") + 0.25 * of("mouthStretch"),
        "chin": of("mouthShrugLower") + 0.3 * of("mouthFrown") + 0.2 * of("mouthPress"),
        "dimple": of("mouthDimple") + 0.25 * of("mouthPress"),
        "crow": 0.6 * cheek + 0.5 * squint + 0.25 * of("mouthSmile"),
        "lid": 0.7 * squint + 0.5 * cheek,
    }
    return np.clip([raised[name] for name in ACTIONS], 0.0, 1.4).astype(np.float32)


def _folded(folds: Folds, strengths: np.ndarray, lined: float) -> np.ndarray:
    """Sum folds and their zones, (SIDE, SIDE, 2), at (2, K) strengths of right and left."""
    total = np.zeros((SIDE, SIDE, 2), np.float32)
    leftness = _leftness(SIDE)
    soft, fine = SOFT * (0.65 + 0.35 * lined), FINE * lined
    for fold, (right, left) in zip(folds, strengths.T, strict=True):
        if right > 0 or left > 0:
            across = right + leftness[fold.window[1]] * (left - right)
            part = total[fold.window]
            part[..., 0] += across * (soft * fold.soft + fine * fold.fine)
            part[..., 1] += across * fold.zone
    return total


def _two_sided_smile(smile: np.ndarray, model: FaceModel, change: np.ndarray) -> np.ndarray:
    """Scale a smile's log ratio (A, A, 3) by how much each side smiles more or less."""

    def of(side: int) -> float:
        smiling, upper, sneer = (
            float(change[model.sides(n)[side]]) for n in ("mouthSmile", "mouthUpperUp", "noseSneer")
        )
        return 1.5 * smiling + 0.3 * upper + 0.35 * max(0.0, sneer)

    left, right = of(0), of(-1)
    across = right + _leftness(smile.shape[1]) * (left - right)
    return smile * across[:, None].astype(np.float32)


def _leftness(side: int) -> np.ndarray:
    """Return (A,) float32: 0 on the person's right half of the atlas, 1 on the left."""
    across = (np.linspace(0.0, 1.0, side, dtype=np.float32) - 0.5) / SEAM
    return (0.5 + 0.5 * np.tanh(across)).astype(np.float32)


def _shading_gain(model: FaceModel, change: np.ndarray) -> float:
    """Return the share of the model's shading: smiles bring their own."""
    smile = min(1.0, abs(model.mean_weight(change, "mouthSmile")) / 0.6)
    return SHADING * (1.0 - 0.6 * smile)
