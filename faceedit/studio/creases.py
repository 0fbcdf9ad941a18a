"""Shading and folds that come with an expression, and those that go with it."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from faceedit.studio.crease_shading import FROM_ABOVE, shading_log_ratio
from faceedit.studio.lines import FOLDS, LINES, lined_ness, log_luma, luma_band
from faceedit.studio.model import LANDMARKS_FILE, FaceModel, load_arrays, missing
from faceedit.studio.subject import Pose, Subject
from faceedit.studio.wrinkles import ACTIONS, SIDE, Wrinkles, draw_wrinkles

ASSETS_FILE = "assets.npz"
N_WRINKLES = 6
"""How many sets of made-up wrinkles there are to choose from."""
DARK_TINT = np.array([0.75, 1.05, 1.15], np.float32)
"""Exponents of R, G, B where skin darkens: light from inside it is red."""
BRIGHT_TINT = 0.8
TINT_REMOVED = 1.6
"""How much more of a fold's colour than of its darkness goes with it."""
DARKEST, BRIGHTEST = -0.75, 0.35
"""Bounds of the log ratio of all creases together."""
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
SPECTACLES_REACH = 0.10
"""Eye distances about the eyes that lenses and frames cover beside the lids, and twice below."""


@dataclass(frozen=True)
class CreaseAtlas:
    """What expressions do to skin, on the atlas of `skin.atlas_coordinates`.

    Attributes:
        places: (n_skin, 2) float32 atlas coordinates of the skin's vertices.
        smile_median: (A, A, 3) float32 log ratio RGB of a smile to a neutral face.
        smile_people: (N, A, A, 3) the same of single people.
        face: (A, A) float32 in [0, 1], 0 on lips and eyes and beyond the face.
        folds: (A, A) float32 in [0, 1], where smiles fold the skin.
        neutral_expression: (E,) mean fitted weights of real neutral faces.
        wrinkles: made-up creases to choose from.
    """

    places: np.ndarray
    smile_median: np.ndarray
    smile_people: np.ndarray
    face: np.ndarray
    folds: np.ndarray
    neutral_expression: np.ndarray
    wrinkles: tuple[Wrinkles, ...]

    @cached_property
    def masks(self) -> np.ndarray:
        """The face without and with lips and lids, (A, A, 2) float32 in [0, 1]."""
        width = round(0.16 * len(self.face)) | 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        return np.dstack([self.face, cv2.morphologyEx(self.face, cv2.MORPH_CLOSE, kernel)])

    @cached_property
    def trusted(self) -> np.ndarray:
        """Where single people's smile maps are free of hair, brows and glare, (A, A, 1)."""
        side = len(self.face)
        at = np.linspace(0, 1, side, dtype=np.float32)
        lower = np.clip((at[:, None] - 0.43) / 0.05, 0, 1)
        middle = np.clip((0.27 - np.abs(at - 0.5)) / 0.06, 0, 1)
        return (lower * middle * self.face)[..., None]

    def smile(self, choice: "CreaseChoice") -> np.ndarray:
        """Return the log ratio of a smile, (A, A, 3)."""
        if not len(self.smile_people) or choice.share == 0:
            return self.smile_median
        own = self.smile_people[choice.person % len(self.smile_people)]
        return self.smile_median + choice.share * self.trusted * (own - self.smile_median)


@dataclass(frozen=True)
class CreaseChoice:
    """What is left to chance.

    Attributes:
        person: whose smile the folds are taken from.
        share: in [0, 1], of that person against the median.
        wrinkles: which set of made-up wrinkles.
        gain: factor on everything.
    """

    person: int = 0
    share: float = 0.0
    wrinkles: int = 0
    gain: float = 1.0

    @property
    def numbers(self) -> tuple[float, float, float]:
        """What the maps came from: person, share, wrinkles."""
        return float(self.person), self.share, float(self.wrinkles)


def draw_crease_choice(rng: np.random.Generator, atlas: CreaseAtlas) -> CreaseChoice:
    """Draw folds of some person's kind."""
    return CreaseChoice(
        person=int(rng.integers(max(1, len(atlas.smile_people)))),
        share=float(rng.uniform(0.0, 0.7)),
        wrinkles=int(rng.integers(len(atlas.wrinkles))),
        gain=float(rng.uniform(0.85, 1.35)),
    )


def load_creases(folder: Path) -> CreaseAtlas:
    """Read the crease atlas of a rig.

    Raises:
        MissingError: a file is not there.
    """
    arrays = load_arrays(folder / ASSETS_FILE)
    landmarks = folder / LANDMARKS_FILE
    if not landmarks.is_file():
        raise missing(landmarks)
    places = arrays["atlas_xy"].astype(np.float32)
    points = places[json.loads(landmarks.read_text())["mp_to_ict_vertex"]]
    return CreaseAtlas(
        places=places,
        smile_median=_to_rgb(arrays["eri_median"]),
        smile_people=_to_rgb(arrays["eri_people"]),
        face=arrays["eri_mask"].astype(np.float32),
        folds=arrays["fold_mask"].astype(np.float32),
        neutral_expression=arrays["neutral_cex"].astype(np.float64),
        wrinkles=made_up_wrinkles(points),
    )


def made_up_wrinkles(points: np.ndarray) -> tuple[Wrinkles, ...]:
    """Return the wrinkles to choose from, for (468, 2) mesh points on the atlas."""
    return tuple(draw_wrinkles(points, seed) for seed in range(N_WRINKLES))


def _to_rgb(maps: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(maps[..., ::-1], np.float32)


def crease_log_ratio(
    subject: Subject,
    target: Pose,
    atlas: CreaseAtlas,
    choice: CreaseChoice,
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
    wrinkles = atlas.wrinkles[choice.wrinkles % len(atlas.wrinkles)]
    drawn, zones = cv2.split(spread.sample(_creased(wrinkles, strengths, lined)))
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
    atlas: CreaseAtlas,
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


def spectacles_band(subject: Subject) -> np.ndarray:
    """Return where lenses and frames may be, (S, S) float32 in [0, 1] on the photo's pixels."""
    size, unit = subject.crop.size, subject.unit
    points = subject.crop.landmarks[:, :2]
    reach = SPECTACLES_REACH * unit
    inside = np.zeros((size, size), np.uint8)
    middle = points[[33, 133, 362, 263]].mean(0)
    along = (points[263] - points[33]) / unit
    for side in (-1, 1):
        centre = middle + side * 0.33 * unit * along + np.array([0.0, 0.06 * unit])
        axes = (0.27 * unit + 0.5 * reach, 0.20 * unit + 0.5 * reach)
        turn = float(np.degrees(np.arctan2(along[1], along[0])))
        box = (tuple(map(float, centre)), (2 * axes[0], 2 * axes[1]), turn)
        cv2.ellipse(inside, box, 1, -1)
    ends = (points[33] - along * 0.25 * unit, points[263] + along * 0.25 * unit)
    first, last = (tuple(int(v) for v in e.round()) for e in ends)
    cv2.line(inside, first, last, 1, max(1, round(0.16 * unit)))
    return cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.02 * unit)


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


def _spread(subject: Subject, target: Pose, atlas: CreaseAtlas, shade: np.ndarray) -> _Spread:
    """Draw what the skin's vertices know on the target's pixels."""
    model, drawing = subject.model, target.drawing
    known = np.zeros((len(model.neutral), 5), np.float32)
    known[: model.n_skin, :2] = atlas.places
    known[: model.n_skin, 2:4] = (subject.pose.places - target.places)[: model.n_skin]
    known[: model.n_skin, 4] = shade
    pixels = drawing.interpolate(known)
    skin = drawing.skin.astype(np.float32)
    rows, columns = np.indices(skin.shape, dtype=np.float32)
    photo = pixels[..., 2:4] + np.stack([columns, rows], axis=-1)
    soft = cv2.GaussianBlur(skin, (0, 0), 0.012 * subject.unit)
    cover = np.clip(2.0 * soft - 1.0, 0.0, 1.0) * skin
    return _Spread(
        np.where(drawing.skin[..., None], pixels[..., :2], -1.0).astype(np.float32),
        photo.astype(np.float32),
        cv2.GaussianBlur(pixels[..., 4], (0, 0), 0.008 * subject.unit),
        cover,
    )


def _shown(bare: np.ndarray | None, spread: _Spread) -> np.ndarray:
    if bare is None:
        return np.ones_like(spread.cover)
    return spread.from_photo(np.ascontiguousarray(bare, np.float32))


def _strengths(model: FaceModel, change: np.ndarray, side: str) -> np.ndarray:
    """Return how strongly each of `ACTIONS` newly creases one side, (K,) float32, at least 0."""

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


def _creased(wrinkles: Wrinkles, strengths: np.ndarray, lined: float) -> np.ndarray:
    """Sum creases and their zones, (SIDE, SIDE, 2), at (2, K) strengths of right and left."""
    total = np.zeros((SIDE, SIDE, 2), np.float32)
    leftness = _leftness(SIDE)
    soft, fine = SOFT * (0.65 + 0.35 * lined), FINE * lined
    for crease, (right, left) in zip(wrinkles, strengths.T, strict=True):
        if right > 0 or left > 0:
            across = right + leftness[crease.window[1]] * (left - right)
            part = total[crease.window]
            part[..., 0] += across * (soft * crease.soft + fine * crease.fine)
            part[..., 1] += across * crease.zone
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
