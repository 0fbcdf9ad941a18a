"""A photo on its way through the studio: crop, fit, matte, regions, labels."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from faceedit.faces.align import extract_crop, on_photo
from faceedit.regions import Region
from faceedit.studio.eyewear import find_lenses, is_dark
from faceedit.studio.head import draw_zones
from faceedit.studio.lips import LipSeal
from faceedit.studio.matte import person_matte, skin_likeness, work_scene
from faceedit.studio.model import FaceModel
from faceedit.studio.parts import find_segments
from faceedit.studio.seeded import Scene
from faceedit.studio.semantic import semantic_mask
from faceedit.studio.subject import Subject, fit_subject

NO_FOLDS = (Region.HAIR, Region.BACKGROUND, Region.CLOTHES, Region.EYEGLASSES)


@dataclass(frozen=True)
class Sitter:
    """One photo's face, fitted, with what is known of the picture around it.

    Attributes:
        subject: the fitted face and its crop.
        valid: (S, S) bool, pixels of the crop that lie on the photo.
        eyeglasses: whether the person wears any.
        hat: whether the person wears one.
    """

    subject: Subject
    valid: np.ndarray
    eyeglasses: bool
    hat: bool = False

    @cached_property
    def matte(self) -> np.ndarray:
        """The person against the background, (S, S) float32 in [0, 1]."""
        crop = self.subject.crop
        return person_matte(crop.pixels, crop.landmarks, self.valid, self._scene)

    @cached_property
    def _scene(self) -> Scene:
        return work_scene(self.subject.crop.pixels, self.subject.crop.landmarks)

    @cached_property
    def _skin(self) -> np.ndarray:
        return skin_likeness(self.subject.crop.pixels, self.subject.crop.landmarks)

    @cached_property
    def regions(self) -> np.ndarray:
        """The semantic mask of the photo, (S, S) uint8 of `Region`."""
        crop, pose = self.subject.crop, self.subject.pose
        zones = draw_zones(pose.model, pose.drawing)
        segments = find_segments(
            crop.pixels,
            crop.landmarks,
            self.matte,
            self._skin,
            zones,
            self.valid,
            self.hat,
            self._scene,
        )
        if not self.eyeglasses:
            return semantic_mask(crop.landmarks, segments, zones)
        lenses = find_lenses(crop.pixels, crop.landmarks, self._skin)
        first, second = (is_dark(lens, crop.landmarks, self._skin) for lens in lenses)
        return semantic_mask(crop.landmarks, segments, zones, lenses, (first, second))

    @cached_property
    def bare_skin(self) -> np.ndarray:
        """Where folds of skin can be seen on the photo, (S, S) float32 in [0, 1]."""
        bare = (~np.isin(self.regions, NO_FOLDS)).astype(np.float32)
        return cv2.GaussianBlur(bare, (0, 0), 0.015 * self.subject.unit)


def sit(
    model: FaceModel,
    seal: LipSeal,
    image: np.ndarray,
    landmarks: np.ndarray,
    size: int,
    *,
    eyeglasses: bool = False,
    hat: bool = False,
    wide: bool = False,
) -> Sitter:
    """Cut one face out of a photo and fit the model to it.

    Args:
        model: the face model.
        seal: of the model.
        image: (H, W, 3) RGB uint8, uint16 or float32 in [0, 1].
        landmarks: (478, 3) mesh points in photo pixels.
        size: side of the crop in pixels.
        eyeglasses: whether the person wears any.
        hat: whether the person wears one.
        wide: cut out a square twice as wide, of the same size in pixels.
    """
    if wide:
        crop = extract_crop(image, landmarks, size // 2, wide=True).wide
    else:
        crop = extract_crop(image, landmarks, size)
    subject = fit_subject(model, crop, seal)
    return Sitter(subject, on_photo(crop.affine, crop.size, image.shape), eyeglasses, hat)
