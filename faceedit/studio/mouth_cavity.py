"""The opening between the lips, finely drawn, and a picture of a mouth to put there."""

import cv2
import numpy as np

from faceedit.faces.topology import INNER_LIPS
from faceedit.studio.drawing import draw_model
from faceedit.studio.model import MOUTH_PARTS, Part, vertex_normals
from faceedit.studio.mouth_bank import LUMA, MouthBank, MouthChoice, TeethPlate, plate_map
from faceedit.studio.mouth_tone import ToothTone
from faceedit.studio.subject import Pose, Subject
from faceedit.studio.teeth import MouthAnatomy

AROUND = 0.16
"""Eye distances of skin drawn about the lips."""
POKING = 0.03
"""Eye distances beyond the inner lips where what is behind may show; further out it pokes
through the skin."""
SLIVER = 0.008
"""Eye distances: thinner openings are a line between closed lips."""
SOFTNESS = 0.55
"""Pixels of a photo's own blur at its own resolution."""
LIP_SHADE, LIP_SHADE_REACH = 0.5, 0.022
UPPER_SHADE, UPPER_SHADE_REACH = 0.3, 0.05
CORNER_SHADE = 0.45
"""Of light lost to the lips, to the upper lip beyond that, and towards the corners."""
DEPTH_REACH, DARKEST = 2.0, 0.07
"""Centimetres behind the front teeth over which light falls to 1/e, and what remains."""
GUM, TONGUE, SOCKET = (
    np.array(c, np.float32) for c in ((0.72, 0.43, 0.42), (0.70, 0.41, 0.40), (0.22, 0.10, 0.09))
)
"""RGB over the teeth's luma."""
FALL = 0.35
"""Upper teeth lengths of jaw movement from the donor's over which its lower half fades."""


class Opening:
    """A pose's mouth, drawn at a multiple of the crop's resolution in a box about the lips.

    Attributes:
        box: slices of the crop.
        places: (h, w, 2) float32 crop pixels of the box.
        coverage: (h, w) float32 in [0, 1], share of each pixel that is between the lips.
        mouth_pixels: (h, w) float32, the same with slivers and before softening.
        factor: of the fine drawing.
        fine: its `Drawing`.
        fine_mask: (h·factor, w·factor) bool, fine pixels between the lips.
    """

    def __init__(
        self, anatomy: MouthAnatomy, pose: Pose, unit: float, like: "Opening | None" = None
    ):
        self.anatomy, self.pose, self.unit = anatomy, pose, unit
        ring = pose.places[anatomy.model.landmark_vertices[list(INNER_LIPS)]]
        size, margin = pose.size, AROUND * unit
        if like is not None:
            self.box, self.factor = like.box, like.factor
        else:
            low = np.clip(np.floor(ring.min(0) - margin), 0, size - 2).astype(int)
            high = np.clip(np.ceil(ring.max(0) + margin) + 1, low + 2, size).astype(int)
            self.box = (slice(low[1], high[1]), slice(low[0], high[0]))
            self.factor = 2 if size > 400 else 3
        rows, columns = self.box
        corner = np.array([columns.start, rows.start], np.float32)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        k = self.factor
        self.shape = (height, width)
        y, x = np.mgrid[rows, columns]
        self.places = np.stack([x, y], axis=-1).astype(np.float32)
        fine_places = (pose.places - corner + 0.5) * k - 0.5
        self.fine = draw_model(anatomy.near, fine_places, pose.depth, (height * k, width * k))
        line = np.zeros((height * k, width * k), np.uint8)
        fine_ring = (ring - corner + 0.5) * k - 0.5
        cv2.fillPoly(line, [np.rint(fine_ring * 16).astype(np.int32)], 1, shift=4)
        grow = 2 * max(1, round(POKING * unit * k)) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow, grow))
        near = cv2.dilate(line, kernel) > 0
        mouth = (np.isin(self.fine.part, MOUTH_PARTS) & near).astype(np.uint8)
        self.mouth_pixels = self.to_pixels(mouth.astype(np.float32))
        thin = max(2, round(SLIVER * unit * k))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thin, thin))
        core = cv2.morphologyEx(mouth, cv2.MORPH_OPEN, kernel)
        # Opening rounds off the corners of a mouth; what adjoins its core is given back.
        adjoining = cv2.dilate(core, np.ones((2 * thin + 1, 4 * thin + 1), np.uint8)) > 0
        self.fine_mask = (mouth > 0) & adjoining
        self.coverage = self.to_pixels(self.fine_mask.astype(np.float32))

    def to_pixels(self, fine: np.ndarray) -> np.ndarray:
        """Average a fine picture over the crop's pixels."""
        return cv2.resize(fine, self.shape[::-1], interpolation=cv2.INTER_AREA)

    def distance(self) -> np.ndarray:
        """Return crop pixels to the opening's line, (h, w) float32; negative inside."""
        inside = (self.coverage > 0.5).astype(np.uint8)
        if not inside.any():
            return np.full(self.shape, 1e3, np.float32)
        out = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
        deep = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
        return np.where(inside > 0, 0.5 - deep, out - 0.5).astype(np.float32)

    def chart(self) -> np.ndarray:
        """Return the tooth coordinates of each pixel, (h, w, 2) float32; 0 where no opening is."""
        fine = self.fine.interpolate(self.anatomy.chart) * self.fine_mask[..., None]
        share = np.maximum(self.coverage, 1e-6)[..., None]
        return np.clip(self.to_pixels(fine) / share, 0, 1) * (self.coverage > 0)[..., None]


def paint_cavity(
    subject: Subject,
    target: Pose,
    bank: MouthBank,
    choice: MouthChoice,
    opening: Opening,
    tone: ToothTone,
) -> np.ndarray:
    """Return a mouth for the opening, (h, w, 3) float32 RGB.

    From back to front: the model's own tongue, gums and teeth, shaded; the lower half of the
    donor's photo, where the jaw is about as open as the donor's; its upper teeth. The halves move
    as two rigid plates, so that a photo of a closed bite opens.
    """
    anatomy, k, unit = opening.anatomy, opening.factor, subject.unit
    plate = bank.plate(choice.donor, subject.model)
    height, width = opening.fine_mask.shape
    rows, columns = opening.box
    y, x = np.mgrid[:height, :width].astype(np.float32)
    corner = (columns.start, rows.start)
    places = np.stack([x, y], axis=-1) / k + (0.5 / k - 0.5) + np.array(corner, np.float32)
    places = places.astype(np.float32)
    light = tone.light(places, unit)[..., None]
    colour = tone.colour * choice.brightness
    colour = colour * np.exp(choice.warmth * np.array([1.0, 0.0, -1.0], np.float32))
    shade, depth_shade = _occlusion(opening, unit)
    picture = _model_mouth(opening, colour, plate) * (shade * depth_shade)[..., None]
    photo, alpha = _donor_mouth(target, anatomy, plate, choice, places, unit, colour)
    photo = photo * (0.62 + 0.38 * shade)[..., None]
    picture += alpha[..., None] * (photo - picture)
    picture = picture * light
    mask = opening.fine_mask.astype(np.float32)
    soft = SOFTNESS * max(1.0, subject.crop.scale) * k
    weight = cv2.GaussianBlur(mask, (0, 0), soft)
    picture = cv2.GaussianBlur(picture * mask[..., None], (0, 0), soft)
    share = opening.to_pixels(weight)
    return opening.to_pixels(picture) / np.maximum(share, 1e-4)[..., None]


def _occlusion(opening: Opening, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the light left by the lips and that left by depth, (H, W) float32 each."""
    k, mask = opening.factor, opening.fine_mask
    inside = np.pad(mask.astype(np.uint8), 1)
    near = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1] / (k * unit)
    shade = 1 - LIP_SHADE * np.exp(-near / LIP_SHADE_REACH)
    rows = np.arange(mask.shape[0], dtype=np.float32)[:, None]
    top = np.where(mask.any(0), mask.argmax(0), 0)[None]
    under = np.maximum(rows - top, 0) / (k * unit)
    shade *= 1 - UPPER_SHADE * np.exp(-under / UPPER_SHADE_REACH)
    columns = np.flatnonzero(mask.any(0))
    if len(columns):
        middle, half = columns.mean(), max(np.ptp(columns) / 2, 1)
        aside = np.abs(np.arange(mask.shape[1]) - middle) / half
        shade *= 1 - CORNER_SHADE * np.clip((aside - 0.5) / 0.5, 0, 1)[None] ** 1.5
    teeth = np.concatenate([opening.anatomy.upper, opening.anatomy.lower])
    front = float(opening.pose.depth[teeth].max())
    behind = np.where(mask, front - 1.0 - opening.fine.depth, 0)
    deep = np.maximum(DARKEST, np.exp(-np.maximum(behind, 0) / DEPTH_REACH))
    return shade.astype(np.float32), deep.astype(np.float32)


def _model_mouth(opening: Opening, colour: np.ndarray, plate: TeethPlate) -> np.ndarray:
    """Return the model's tongue, gums and teeth shaded from the front, (H, W, 3)."""
    near, pose = opening.anatomy.near, opening.pose
    behind = near.triangles[np.isin(near.part, MOUTH_PARTS)]
    lamp = np.array([0.0, 0.3, 0.95], np.float32) @ pose.camera.rotation.astype(np.float32)
    facing = np.maximum(vertex_normals(pose.vertices, behind) @ lamp, 0)
    lit = opening.fine.interpolate(facing[:, None])
    luma = float(colour @ LUMA)
    part = opening.fine.part[..., None]
    flesh = np.where(part == Part.GUMS, GUM, SOCKET) * luma
    teeth = colour * plate.donor.colour / plate.donor.colour.mean() * 0.9
    return np.where(part == Part.TEETH, teeth * (0.6 + 0.4 * lit), flesh * (0.45 + 0.55 * lit))


def _donor_mouth(
    target: Pose,
    anatomy: MouthAnatomy,
    plate: TeethPlate,
    choice: MouthChoice,
    places: np.ndarray,
    unit: float,
    colour: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the donor's photo on the fine grid, (H, W, 3), and its alpha, (H, W)."""
    donor, scale = plate.donor, target.camera.scale
    upper_points, lower_points = target.places[anatomy.upper], target.places[anatomy.lower]
    to_upper = plate_map(upper_points, plate.upper, choice, scale)
    at_upper = to_upper(places)
    layers = np.dstack([donor.pixels, donor.alpha * plate.above])

    def sample(picture: np.ndarray, at: np.ndarray) -> np.ndarray:
        return cv2.remap(
            picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )

    upper = sample(layers, at_upper)
    photo, alpha = upper[..., :3], upper[..., 3]
    if len(anatomy.lower):
        # How much further the jaw is open than in the donor's photo, in patch pixels.
        to_lower = plate_map(lower_points, plate.lower, choice, scale)
        at_lower = to_lower(places)
        middle = np.median(lower_points, axis=0)[None]
        fallen = to_upper(middle)[0] - to_lower(middle)[0]
        length = max(float(np.ptp(plate.upper[:, 1])), 1.0)
        kept = np.exp(-((float(np.linalg.norm(fallen)) / (FALL * length)) ** 2))
        lower = sample(np.dstack([donor.pixels, donor.alpha * (1 - plate.above)]), at_lower)
        below = lower[..., 3] * kept * (1 - alpha)
        total = np.maximum(alpha + below, 1e-6)[..., None]
        photo = (photo * alpha[..., None] + lower[..., :3] * below[..., None]) / total
        alpha = alpha + below
    gain = colour / max(donor.tone, 0.05)
    return np.minimum(photo * gain, 1.15 * float(colour.max())), alpha
