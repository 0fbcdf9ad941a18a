"""The turned head, drawn on the photo's own pixels."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.compose.canvas import Canvas, Patch
from faceedit.compose.edit import LARGEST_COLOUR, LARGEST_RATIO, sample_field
from faceedit.compose.turn.flow import Layer
from faceedit.faces.align import invert
from faceedit.numerics import check_answer

FLOOR = 1 / 512


@dataclass(frozen=True)
class TurnedHead:
    """What lies over the flow of the whole person.

    Attributes:
        layers: from below: what of the head and of the face only the other half shows, and the face
            as the mesh shows it.
        size: S.
        share: of the way, 0 to 1.
    """

    layers: tuple[Layer, ...]
    size: int
    share: float = 1.0

    @property
    def paints(self) -> bool:
        """See `Detail.paints`: what it shows moves with the flow."""
        return False

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        for layer in self.layers:
            check_answer(2 * size, layer_flow=layer.flow)
            check_answer(LARGEST_COLOUR, layer_opacity=layer.opacity)
            if layer.log_ratio is not None:
                check_answer(LARGEST_RATIO, layer_log_ratio=layer.log_ratio)

    def scaled(self, strength: float) -> "TurnedHead":
        """See `Detail.scaled`."""
        return replace(self, share=self.share * strength)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`: from below, in the order of the layers."""
        if self.share == 0:
            return []
        drawn = (self._patch(layer, canvas) for layer in self.layers)
        return [patch for patch in drawn if patch is not None]

    def _patch(self, layer: Layer, canvas: Canvas) -> Patch | None:
        """Draw a layer in the part of the window that it covers."""
        x, y, width, height = cv2.boundingRect((layer.opacity > FLOOR).astype(np.uint8))
        if width == 0:
            return None
        corners = np.array([[x - 2, y - 2], [x + width + 1, y + height + 1]], np.float64)
        corners = np.array([[cx, cy] for cx in corners[:, 0] for cy in corners[:, 1]])
        back = invert(canvas.to_crop)
        seen = corners @ back[:, :2].T + back[:, 2]
        limit = np.array(canvas.pixels.shape[1::-1])
        low = np.clip(np.floor(seen.min(0)), 0, limit).astype(int)
        high = np.clip(np.ceil(seen.max(0)) + 1, 0, limit).astype(int)
        if (high - low).min() < 1:
            return None
        box = (slice(low[1], high[1]), slice(low[0], high[0]))
        shape = (int(high[1] - low[1]), int(high[0] - low[0]))
        to_crop = canvas.to_crop.copy()
        to_crop[:, 2] += to_crop[:, :2] @ low
        flow = sample_field(layer.flow, self.size, to_crop, shape) * np.float32(self.share)
        flow = cv2.transform(flow, back[:, :2])
        paint = _sampled(canvas.pixels, flow, low, cv2.INTER_CUBIC)
        if layer.log_ratio is not None:
            paint *= np.exp(sample_field(layer.log_ratio, self.size, to_crop, shape))
        opacity = np.clip(sample_field(layer.opacity, self.size, to_crop, shape), 0, 1)
        return Patch(box, np.clip(paint, 0, 1), opacity)


def _sampled(
    picture: np.ndarray,
    flow: np.ndarray,
    origin: np.ndarray | None = None,
    how: int = cv2.INTER_LINEAR,
) -> np.ndarray:
    """Sample a picture at the pixels of a part of it, from `origin` (x, y) on, plus flow."""
    x0, y0 = (0, 0) if origin is None else origin
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(x0, x0 + width, dtype=np.float32)
    y = flow[..., 1] + np.arange(y0, y0 + height, dtype=np.float32)[:, None]
    return cv2.remap(picture, x, y, how, borderMode=cv2.BORDER_REPLICATE)
