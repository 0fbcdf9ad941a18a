"""What a method asks of a face: fields in crop coordinates, to be composed at native resolution."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from faceedit.compose.mask import Region
from faceedit.numerics import check_answer

if TYPE_CHECKING:
    from faceedit.compose.canvas import Detail


LARGEST_RATIO = 8.0
"""Of log ratios: a factor of 3,000, beyond what any display shows."""
LARGEST_COLOUR = 16.0
"""Of paint, whose colours lie in [0, 1] or a little beyond."""


class Paint(Protocol):
    """New pixels for what the photo does not show."""

    def check(self) -> None:
        """Check the numbers that `sample` draws from.

        Raises:
            NetworkError: one is not finite or beyond all measure.
        """
        ...

    def sample(self, to_crop: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Draw the paint on a pixel grid.

        Args:
            to_crop: (2, 3) similarity from grid pixels to crop pixels.
            size: height and width of the grid.

        Returns:
            (H, W, 3) float32 RGB, 0 to 1 where it is opaque.
        """
        ...


@dataclass(frozen=True)
class RasterPaint:
    """A picture of the whole crop, as the papers' generators give it.

    Attributes:
        pixels: (h, w, 3) float32 RGB in [0, 1], covering the crop.
        size: side of the crop in crop pixels.
    """

    pixels: np.ndarray
    size: int

    def check(self) -> None:
        """See `Paint.check`."""
        check_answer(LARGEST_COLOUR, paint=self.pixels)

    def sample(self, to_crop: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Draw the paint on a pixel grid; see `Paint.sample`."""
        return sample_field(self.pixels, self.size, to_crop, size)


@dataclass(frozen=True)
class Edit:
    """The composed edit out = A·P + (1 - A)·warp(I, F)·exp(R), in crop coordinates.

    The fields cover the whole crop at a resolution of their own, h by w. A wide edit covers
    `Crop.wide`, and its crop pixels are those of that.

    Attributes:
        flow: (h, w, 2) float32 F, x and y in crop pixels: where an output pixel comes from, less
            its own place.
        log_ratio: (h, w, 3) float32 R, log of new over old brightness in display values.
        opacity: (h, w) float32 A in [0, 1].
        paint: P.
        size: side of the crop in crop pixels.
        details: what is drawn on the photo's own pixels, in this order; P lies below.
        region: what of the person it may change; nothing else does.
        matte: (h, w) float32 in [0, 1], which pixels of the region are the person's; None for all.
            It is drawn along the photo's own edges, and is for log ratios alone.
        landmarks: (478, 3) float32 in crop pixels after the edit; None where the flow says it.
        wide: it covers a square twice as wide as the crop.
        on_top: details are drawn on what the fields make of the photo, not on the photo itself.
        turned: degrees by which it turns the head.
        left: what it leaves as it is though it was asked for, and why, one sentence each.
        then: an edit in the same crop and region of what this one makes.
    """

    flow: np.ndarray
    log_ratio: np.ndarray
    opacity: np.ndarray
    paint: Paint
    size: int
    details: "tuple[Detail, ...]" = ()
    region: Region = "face"
    matte: np.ndarray | None = None
    landmarks: np.ndarray | None = None
    wide: bool = False
    on_top: bool = False
    turned: float = 0.0
    left: tuple[str, ...] = ()
    then: "Edit | None" = None

    @property
    def paints(self) -> bool:
        """Whether it draws over the person, wherever its flow and its log ratio lead."""
        return bool(self.opacity.any()) or any(detail.paints for detail in self.details)

    def check(self) -> None:
        """Check that the edit can be composed; a crop's side is the farthest that anything moves.

        Raises:
            NetworkError: a number is not finite or beyond all measure.
        """
        check_answer(self.size, flow=self.flow)
        check_answer(LARGEST_RATIO, log_ratio=self.log_ratio)
        check_answer(LARGEST_COLOUR, opacity=self.opacity)
        if self.matte is not None:
            check_answer(LARGEST_COLOUR, matte=self.matte)
        self.paint.check()
        for detail in self.details:
            detail.check(self.size)

    def scaled(self, strength: float) -> "Edit":
        """Scale F, R and A, those of `then` too; 0 is the identity."""
        return replace(
            self,
            flow=self.flow * np.float32(strength),
            log_ratio=self.log_ratio * np.float32(strength),
            opacity=np.clip(self.opacity * np.float32(strength), 0.0, 1.0),
            details=tuple(detail.scaled(strength) for detail in self.details),
            landmarks=self.landmarks if strength == 1 else None,
            turned=self.turned * strength,
            then=None if self.then is None else self.then.scaled(strength),
        )


def sample_field(
    field: np.ndarray, crop_size: int, to_crop: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Draw a field that covers a crop on another pixel grid, smoothly.

    A field finer than the grid is low-pass filtered first.

    Args:
        field: (h, w) or (h, w, C <= 4) float32.
        crop_size: side of the crop in crop pixels.
        to_crop: (2, 3) affine map from grid pixels to crop pixels.
        size: height and width of the grid.
    """
    ratio = field.shape[0] / crop_size
    to_field = np.hstack([to_crop[:, :2] * ratio, (to_crop[:, 2:] + 0.5) * ratio - 0.5])
    return cv2.warpAffine(
        _low_pass(field, float(np.hypot(to_field[0, 0], to_field[1, 0]))),
        to_field,
        size[::-1],
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _low_pass(field: np.ndarray, step: float) -> np.ndarray:
    """Blur a field that will be sampled every `step` of its pixels; up to 1 it is left as it is."""
    if step <= 1:
        return field
    return cv2.GaussianBlur(field, (0, 0), 0.4 * step, borderType=cv2.BORDER_REPLICATE)
