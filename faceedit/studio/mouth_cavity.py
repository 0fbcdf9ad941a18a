"""The opening between the lips, finely drawn, and a picture of a mouth to put there."""

from dataclasses import replace

import cv2
import numpy as np

from faceedit.compose.mouth.opening import EDGE, Box, Opening
from faceedit.faces.topology import INNER_LIPS
from faceedit.ramps import ramp
from faceedit.studio.drawing import Drawing, draw_model
from faceedit.studio.fields import grid
from faceedit.studio.model import MOUTH_PARTS, FaceModel, Part, vertex_normals
from faceedit.studio.mouth_bank import MouthBank, MouthChoice, TeethPlate, plate_map
from faceedit.studio.mouth_tone import ToothTone, lip_shade
from faceedit.studio.subject import Pose, Subject
from faceedit.studio.teeth import MouthAnatomy
from faceedit.tones import LUMA

FACTOR = 2
"""The opening is drawn at this multiple of the crop's resolution, for smooth borders."""
POKING = 0.03
"""Eye distances beyond the inner lips where what is behind may show; further out it pokes
through the skin."""
SLIVER = 0.008
"""Eye distances: thinner openings are a line between closed lips."""
SOFTNESS = 0.55
"""Pixels of a photo's own blur at its own resolution."""
CHEEK, CHEEK_SHADE = (0.10, 0.24), 0.72
"""Arch positions off the midline from the canines to the molars, and the light lost to cheeks."""
DEPTH_REACH, DARKEST = 3.4, 0.06
"""Centimetres behind the front teeth over which light falls to 1/e, and what remains."""
FLESH = np.array([1.0, 0.56, 0.54], np.float32)
SOCKET = np.array([0.62, 0.31, 0.29], np.float32)
REDDER = np.array([0.88, 1.06, 1.12], np.float32)
"""RGB over the teeth's luma; exponents of the light that is left in the depth."""
DONOR_TEETH = np.array([1.039, 0.991, 0.942], np.float32)
"""Mean RGB over luma of teeth in the donors' studio light."""
FALL = 0.35
"""Upper teeth lengths of jaw movement from the donor's over which its lower half fades."""


class DrawnMouth:
    """A pose's mouth, drawn at a multiple of the crop's resolution in a box about the lips.

    Attributes:
        opening: what is between the lips.
        factor: of the fine drawing.
        fine: its `Drawing`.
        behind: (T, 3) triangles behind the lips that face the camera there.
        fine_mask: (h·factor, w·factor) bool, fine pixels between the lips.
    """

    def __init__(self, anatomy: MouthAnatomy, pose: Pose, unit: float, box: Box):
        self.anatomy, self.pose = anatomy, pose
        self.factor = k = FACTOR
        ring = pose.places[anatomy.model.landmark_vertices[list(INNER_LIPS)]]
        rows, columns = box
        corner = np.array([columns.start, rows.start], np.float32)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        self.shape = (height, width)
        fine_places = (pose.places - corner + 0.5) * k - 0.5
        near = _facing_box(anatomy.near, fine_places, (height * k, width * k))
        self.behind = near.triangles[np.isin(near.part, MOUTH_PARTS)]
        self.fine = draw_model(near, fine_places, pose.depth, (height * k, width * k))
        line = np.zeros((height * k, width * k), np.uint8)
        fine_ring = (ring - corner + 0.5) * k - 0.5
        cv2.fillPoly(line, [np.rint(fine_ring * 16).astype(np.int32)], 1, shift=4)
        grow = 2 * max(1, round(POKING * unit * k)) + 1
        about = cv2.dilate(line, np.ones((grow, grow), np.uint8)) > 0
        mouth = (np.isin(self.fine.part, MOUTH_PARTS) & about).astype(np.uint8)
        thin = max(2, round(SLIVER * unit * k))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thin, thin))
        core = cv2.morphologyEx(mouth, cv2.MORPH_OPEN, kernel)
        # Opening rounds off the corners of a mouth; what adjoins its core is given back.
        adjoining = cv2.dilate(core, np.ones((2 * thin + 1, 4 * thin + 1), np.uint8)) > 0
        self.fine_mask = (mouth > 0) & adjoining
        self.opening = Opening(
            box=box,
            places=grid(self.shape) + corner,
            coverage=self._soft(self.fine_mask.astype(np.float32)),
            mouth_pixels=self.to_pixels(mouth.astype(np.float32)),
            unit=unit,
        )

    def to_pixels(self, fine: np.ndarray) -> np.ndarray:
        """Average a fine picture over the crop's pixels."""
        return cv2.resize(fine, self.shape[::-1], interpolation=cv2.INTER_AREA)

    def _soft(self, fine: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(self.to_pixels(fine), (0, 0), EDGE)

    def chart(self) -> np.ndarray:
        """Return the tooth coordinates of each pixel, (h, w, 2) float32; 0 where no opening is."""
        fine = self.fine.interpolate(self.anatomy.chart) * self.fine_mask[..., None]
        coverage = self.opening.coverage
        share = np.maximum(coverage, 1e-6)[..., None]
        return np.clip(self._soft(fine) / share, 0, 1) * (coverage > 0)[..., None]


def _facing_box(model: FaceModel, places: np.ndarray, size: tuple[int, int]) -> FaceModel:
    """Leave out triangles that look away or lie beyond a (height, width) drawing."""
    a, b, c = (places[model.triangles[:, corner]] for corner in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    # Rows grow downwards, so what faces the camera turns the other way.
    seen = (turn < 0) & (high >= 0).all(1) & (low < size[::-1]).all(1)
    return replace(model, triangles=model.triangles[seen], part=model.part[seen])


def paint_cavity(
    subject: Subject,
    target: Pose,
    bank: MouthBank,
    choice: MouthChoice,
    drawn: DrawnMouth,
    tone: ToothTone,
    drop: float = 0.0,
) -> np.ndarray:
    """Return a mouth for the opening, (h, w, 3) float32 RGB.

    From back to front: the model's own tongue, gums and teeth, shaded; the lower half of the
    donor's photo, where the jaw is about as open as the donor's; its upper teeth. The halves move
    as two rigid plates, so that a photo of a closed bite opens.

    Args:
        subject: the photo.
        target: the pose shown.
        bank: donors.
        choice: whose teeth.
        drawn: the target's mouth, its opening not empty.
        tone: of the teeth.
        drop: pixels by which the photo's own upper teeth end lower than the model's.
    """
    anatomy, k, unit = drawn.anatomy, drawn.factor, subject.unit
    plate = bank.plate(choice.donor, subject.model)
    mask = drawn.fine_mask
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    pad = 2 * k
    # Whole crop pixels, so that the part can be averaged back.
    top, left = max(rows[0] // k - 2, 0) * k, max(columns[0] // k - 2, 0) * k
    part = (slice(top, rows[-1] + 1 + pad), slice(left, columns[-1] + 1 + pad))
    corner = drawn.opening.places[0, 0] + np.array([left, top]) / k
    fine = grid(mask[part].shape) / k + np.float32(0.5 / k - 0.5) + corner.astype(np.float32)
    colour = tone.colour * choice.brightness
    colour = colour * np.exp(choice.warmth * np.array([1.0, 0.0, -1.0], np.float32))
    shade = lip_shade(mask[part], k * unit)
    picture = _model_mouth(drawn, part, colour, plate) * shade[..., None] ** REDDER
    photo, alpha = _donor_mouth(target, anatomy, plate, choice, fine, colour, drop)
    photo = photo * (0.76 + 0.3 * shade)[..., None]
    picture += alpha[..., None] * (photo - picture)
    picture *= tone.light(fine, unit)[..., None]
    within = np.zeros((*mask.shape, 4), np.float32)
    within[part] = np.dstack([picture, np.ones_like(shade)]) * mask[part][..., None]
    soft = SOFTNESS * min(max(1.0, subject.crop.scale), 3.0)
    within = cv2.GaussianBlur(drawn.to_pixels(within), (0, 0), soft)
    return within[..., :3] / np.maximum(within[..., 3:], 1e-4)


def _model_mouth(mouth: DrawnMouth, part: Box, colour: np.ndarray, plate: TeethPlate) -> np.ndarray:
    """Return the model's tongue, gums and teeth shaded from the front, (H, W, 3)."""
    anatomy, pose, drawn = mouth.anatomy, mouth.pose, mouth.fine
    fine = Drawing(drawn.part[part], drawn.vertices[part], drawn.weights[part], drawn.depth[part])
    lamp = np.array([0.0, 0.3, 0.95], np.float32) @ pose.camera.rotation.astype(np.float32)
    facing = np.maximum(vertex_normals(pose.vertices, mouth.behind) @ lamp, 0)
    lit = fine.interpolate(facing[:, None])[..., 0]
    front = float(pose.depth[np.concatenate([anatomy.upper, anatomy.lower])].max())
    behind = np.maximum(front - 1.0 - fine.depth, 0)
    deep = np.maximum(DARKEST, np.exp(-behind / DEPTH_REACH))
    teeth = fine.part == Part.TEETH
    # Light that comes back from deep inside a mouth is red; teeth stand at its door.
    aside = np.abs(fine.interpolate(anatomy.chart)[..., 0] - 0.5)
    cheek = 1 - CHEEK_SHADE * ramp(aside, CHEEK)
    left = np.where(teeth, cheek * deep**0.4 * (0.5 + 0.5 * lit), deep * (0.55 + 0.45 * lit))
    flesh = np.where((fine.part == Part.GUMS)[..., None], FLESH, SOCKET) * float(colour @ LUMA)
    enamel = 0.97 * colour * plate.donor.colour / DONOR_TEETH
    return np.where(teeth[..., None], enamel, flesh) * left[..., None] ** REDDER


def _donor_mouth(
    target: Pose,
    anatomy: MouthAnatomy,
    plate: TeethPlate,
    choice: MouthChoice,
    places: np.ndarray,
    colour: np.ndarray,
    drop: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the donor's photo at (H, W, 2) places, (H, W, 3), and its alpha, (H, W)."""
    donor, scale = plate.donor, target.camera.scale
    fallen = np.array([0, drop], np.float32)
    to_upper = plate_map(target.places[anatomy.upper] + fallen, plate.upper, choice, scale)
    upper = _sample(np.dstack([donor.pixels, donor.alpha * plate.above]), to_upper.on_grid(places))
    photo, alpha = upper[..., :3], upper[..., 3]
    if len(anatomy.lower):
        points = target.places[anatomy.lower]
        to_lower = plate_map(points, plate.lower, choice, scale)
        # How much further the jaw is open than in the donor's photo, in patch pixels.
        middle = np.median(points, axis=0)[None]
        opened = float(np.linalg.norm(to_upper(middle) - to_lower(middle)))
        length = max(float(np.ptp(plate.upper[:, 1])), 1.0)
        kept = np.exp(-((opened / (FALL * length)) ** 2))
        layers = np.dstack([donor.pixels, donor.alpha * (1 - plate.above)])
        lower = _sample(layers, to_lower.on_grid(places))
        below = lower[..., 3] * kept * (1 - alpha)
        total = np.maximum(alpha + below, 1e-6)[..., None]
        photo = (photo * alpha[..., None] + lower[..., :3] * below[..., None]) / total
        alpha = alpha + below
    gain = colour / (max(plate.tone, 0.05) * DONOR_TEETH)
    return np.minimum(photo * gain, 1.15 * float(colour.max())), alpha


def _sample(picture: np.ndarray, at: np.ndarray) -> np.ndarray:
    return cv2.remap(
        picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
