"""Random training samples: one face, what is asked of it, and the fields that would do it."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from faceedit.faces.align import transform_landmarks
from faceedit.faces.landmark_maps import CHANNELS, draw_landmark_maps
from faceedit.methods.reggan.colour import transfer_histogram
from faceedit.methods.reggan.generator import CROP_SIZE, STRONGEST, WORKING_SIZE
from faceedit.methods.reggan.material import MARGIN, AlignedFace, AlignedPair
from faceedit.methods.reggan.mouth import measure_light, tooth_light
from faceedit.methods.reggan.prior import MODES, ExpressionPrior
from faceedit.methods.reggan.supervision import Fields, displaced, expression_fields

NEUTRAL = "neutral"
SHARES = (0.2, 0.04, 0.76)
"""How often the amplitude is 1, 0, and anything up to `STRONGEST`."""


@dataclass(frozen=True)
class Material:
    """Everything samples are drawn from.

    Attributes:
        faces: any aligned faces.
        pairs: of one person neutral and expressive.
        expression: the pairs' expression.
        prior: measured on the training pairs.
        tooth_weights: (3,) of `mouth.tooth_light`.
        targets: names in the network's order.
    """

    faces: list[AlignedFace]
    pairs: list[AlignedPair]
    expression: str
    prior: ExpressionPrior
    tooth_weights: np.ndarray
    targets: tuple[str, ...]


@dataclass(frozen=True)
class SampleOptions:
    """How samples are drawn.

    Attributes:
        pair_share: share of samples that come from real pairs and carry the real photo.
        augment: jitter geometry and colour; without it samples are plain crops at strength 1.
    """

    pair_share: float = 0.3
    augment: bool = True


class Samples(Dataset[dict[str, Tensor]]):
    """Endlessly many samples by number, each a dict of float32 tensors.

    A sample depends on seed and number alone, so any number of workers gives the same ones and a
    resumed training goes on where it stopped.

    Keys: crop (3, 256, 256) in [0, 1]; maps (12, 128, 128); strengths (targets,); code (MODES,);
    flow (2, 128, 128) in crop pixels; log_ratio (3, 128, 128); opacity, opening, weight
    (1, 128, 128); log_gain (3, 128, 128); saturation (1,); real (3, 256, 256) in [0, 1] and
    has_real (1,).

    Args:
        material: what to draw from.
        seed: of all samples.
        options: how to draw.
    """

    def __init__(self, material: Material, seed: int, options: SampleOptions | None = None):
        self.material = material
        self.seed = seed
        self.options = options or SampleOptions()

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        """Draw one sample, the `number`-th."""
        return self.draw(np.random.default_rng([self.seed, number]))

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one sample."""
        if self.material.pairs and rng.random() < self.options.pair_share:
            return self.draw_pair(rng, int(rng.integers(len(self.material.pairs))))
        return self.draw_face(rng, int(rng.integers(len(self.material.faces))))

    def draw_face(
        self, rng: np.random.Generator, index: int, target: str | None = None
    ) -> dict[str, Tensor]:
        """Ask something of one face, by the prior."""
        face, m = self.material.faces[index], self.material
        photo = face.photo
        if target is None:
            # Neutral teaches most on faces that show what it takes away.
            share = 0.5 if photo.expression == m.expression else 0.2
            target = NEUTRAL if rng.random() < share else m.expression
        amplitude, code = 1.0, m.prior.style
        if self.options.augment:
            amplitude = float(rng.choice([1.0, 0.0, rng.uniform(0, STRONGEST)], p=SHARES))
            if rng.random() < 0.4:
                code = code + rng.normal(0, 0.7, MODES)
        view = self._view(rng, face.pixels, face.landmarks)
        known = photo.expression == NEUTRAL and photo.strength <= 0
        moved, ratio = displaced(view.landmarks, m.prior, target, amplitude, code, known)
        return self._sample(rng, view, moved, ratio, target, amplitude, code, photo.eyeglasses)

    def draw_pair(
        self, rng: np.random.Generator, index: int, target: str | None = None
    ) -> dict[str, Tensor]:
        """Ask of one person's photo what the other photo of them shows."""
        pair, m = self.material.pairs[index], self.material
        code = m.prior.code_of(pair.displacement)
        if target is None:
            target = NEUTRAL if rng.random() < 0.4 else m.expression
        if target == NEUTRAL:
            face, real, goal = pair.expressive, pair.neutral_pixels, pair.neutral_landmarks
            ratio = -m.prior.ratio(1.0, code)
        else:
            face, real, goal = pair.neutral, pair.expressive_pixels, pair.expressive_landmarks
            ratio = m.prior.ratio(1.0, code)
        view = self._view(rng, face.pixels, face.landmarks, real, goal)
        assert view.goal is not None
        eyeglasses = face.photo.eyeglasses
        return self._sample(rng, view, view.goal, ratio, target, 1.0, code, eyeglasses)

    def _view(
        self,
        rng: np.random.Generator,
        pixels: np.ndarray,
        landmarks: np.ndarray,
        real: np.ndarray | None = None,
        goal: np.ndarray | None = None,
    ) -> "_View":
        """Cut a crop out of the wider picture, jittered, and recolour it."""
        affine = np.array([[1.0, 0, -MARGIN], [0, 1, -MARGIN]])
        saturation = 1.0
        images = [pixels] if real is None else [pixels, real]
        if self.options.augment:
            affine = _jitter(rng)
            if rng.random() < 0.3:
                other = self.material.faces[int(rng.integers(len(self.material.faces)))]
                images = transfer_histogram(images, other.pixels, _middle(pixels.shape[0]))
            images, saturation = _recolour(rng, images)
        images = [_cut(image, affine) for image in images]
        seen = _degrade(rng, images[0]) if self.options.augment else images[0]
        return _View(
            pixels=_to_unit(seen),
            clean=_to_unit(images[0]),
            landmarks=transform_landmarks(landmarks, affine),
            real=_to_unit(images[1]) if len(images) > 1 else None,
            goal=transform_landmarks(goal, affine) if goal is not None else None,
            saturation=saturation,
        )

    def _sample(
        self,
        rng: np.random.Generator,
        view: "_View",
        moved: np.ndarray,
        ratio: np.ndarray,
        target: str,
        amplitude: float,
        code: np.ndarray,
        eyeglasses: bool,
    ) -> dict[str, Tensor]:
        m = self.material
        fields = expression_fields(
            view.landmarks, moved, ratio, m.prior, CROP_SIZE, WORKING_SIZE, eyeglasses
        )
        maps = draw_landmark_maps(view.landmarks, CROP_SIZE, WORKING_SIZE)
        strengths = np.zeros(len(m.targets), np.float32)
        strengths[m.targets.index(target)] = amplitude
        log_gain = _mouth_gain(view, fields, m.tooth_weights)
        given = code if target != NEUTRAL else np.zeros(MODES)
        real = view.real if view.real is not None else np.zeros_like(view.pixels)
        sample = {
            "crop": _chw(view.pixels),
            "maps": _chw(maps),
            "strengths": strengths,
            "code": np.asarray(given, np.float32),
            "flow": _chw(fields.flow),
            "log_ratio": _chw(fields.log_ratio),
            "opacity": fields.opacity[None],
            "opening": fields.opening[None],
            "weight": fields.weight[None],
            "log_gain": _chw(log_gain),
            "saturation": np.array([view.saturation], np.float32),
            "real": _chw(real),
            "has_real": np.array([view.real is not None], np.float32),
        }
        if self.options.augment and rng.random() < 0.5:
            _mirror(sample)
        return {k: torch.from_numpy(np.ascontiguousarray(v)).float() for k, v in sample.items()}


@dataclass(frozen=True)
class _View:
    """One crop: what the network sees, the same before it was spoilt, and its goal.

    Pictures are (256, 256, 3) float32 in [0, 1], landmarks (478, 3) in their pixels.
    """

    pixels: np.ndarray
    clean: np.ndarray
    landmarks: np.ndarray
    real: np.ndarray | None
    goal: np.ndarray | None
    saturation: float


def _cut(image: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Cut a crop out of a wider picture; `affine` takes its pixels to the crop's."""
    return cv2.warpAffine(
        image,
        affine,
        (CROP_SIZE, CROP_SIZE),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def _to_unit(image: np.ndarray) -> np.ndarray:
    return image.astype(np.float32) / 255.0


def _chw(image: np.ndarray) -> np.ndarray:
    return np.moveaxis(image, -1, 0).astype(np.float32)


def _mirror(sample: dict[str, np.ndarray]) -> None:
    """Flip a sample left to right in place; expressions are taken to be symmetric, codes stay."""
    for name, value in sample.items():
        if value.ndim == 3:
            sample[name] = value[..., ::-1].copy()
    across = CHANNELS.index("u")
    sample["maps"][across] = 1.0 - sample["maps"][across]
    sample["flow"][0] *= -1.0


def _mouth_gain(view: _View, fields: Fields, weights: np.ndarray) -> np.ndarray:
    """Return the (h, w, 3) log gain of teeth."""
    ends = (fields.landmarks[[78, 308], :2].astype(np.float64) + 0.5) * (
        WORKING_SIZE / CROP_SIZE
    ) - 0.5
    middle, half = ends.mean(0), (ends[1] - ends[0]) / 2
    rows, columns = np.mgrid[:WORKING_SIZE, :WORKING_SIZE]
    length = max(float(half @ half), 1.0)
    across = ((columns - middle[0]) * half[0] + (rows - middle[1]) * half[1]) / length
    gain = tooth_light(measure_light(view.clean, view.landmarks), weights, across)
    return gain.astype(np.float32)


def _jitter(rng: np.random.Generator) -> np.ndarray:
    """Return a (2, 3) similarity from the wide picture to a crop, turned and moved a little."""
    angle, scale = rng.normal(0, 0.07), np.exp(rng.normal(0, 0.05))
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cosine, -sine], [sine, cosine]])
    middle = (CROP_SIZE - 1) / 2
    shift = middle + rng.normal(0, 5.0, 2) - linear @ np.full(2, middle + MARGIN)
    return np.column_stack([linear, shift])


def _middle(size: int) -> np.ndarray:
    """Return the (size, size) ellipse in which an aligned face lies."""
    rows, columns = np.mgrid[:size, :size] / size - 0.5
    return (columns / 0.26) ** 2 + (rows / 0.36) ** 2 < 1


def _recolour(rng: np.random.Generator, images: list[np.ndarray]) -> tuple[list[np.ndarray], float]:
    """Change exposure, contrast, tint and saturation; return what saturation is left."""
    gamma, gain = np.exp(rng.normal(0, 0.2)), np.exp(rng.normal(0, 0.12))
    tint = np.exp(rng.normal(0, 0.05, 3))
    saturation = float(rng.choice([1.0, 0.0, rng.uniform(0, 1)], p=[0.8, 0.1, 0.1]))
    levels = np.linspace(0, 1, 256)[:, None]
    curve = np.clip(levels**gamma * gain * tint, 0, 1) * 255.0
    recoloured = []
    for image in images:
        new = np.stack([curve[image[..., c], c] for c in range(3)], -1).astype(np.float32)
        grey = new @ np.array([0.299, 0.587, 0.114], np.float32)
        new = grey[..., None] + np.float32(saturation) * (new - grey[..., None])
        recoloured.append(np.rint(new).astype(np.uint8))
    return recoloured, saturation


def _degrade(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Blur, compress, flatten or add noise now and then, as real photos and paintings are."""
    kind = rng.random()
    if kind < 0.12:
        small = int(rng.integers(60, 160))
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_LINEAR)
    elif kind < 0.2:
        image = cv2.medianBlur(image, int(rng.choice([3, 5, 7])))
        step = int(rng.integers(8, 40))
        image = (image // step * step + step // 2).clip(0, 255).astype(np.uint8)
    elif kind < 0.35:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))]
        image = np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR))
    if rng.random() < 0.25:
        noise = rng.normal(0, rng.uniform(1, 10), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image
