"""What the networks that ship say of a wide crop, before any attribute of it is changed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import torch

from faceedit.compose.hair.joined import join_hair
from faceedit.compose.hair.segment import find_hair, mirrored
from faceedit.compose.hair.spread import spread_hair
from faceedit.compose.light.skin import bare_skin
from faceedit.compose.outline import outline_matte
from faceedit.faces.align import BLANK, Crop
from faceedit.faces.pose import to_mean_face
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import BROW_OUTLINES, BROWS, EYES, FACE_OVAL, N_SURFACE, eye_distance
from faceedit.methods.fields.method import to_tensor
from faceedit.methods.legan.method import LEGAN
from faceedit.methods.secgan.hair_network import HairNetwork, hair_chance
from faceedit.numerics import check_answer
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.base import resample
from faceedit.regions import Region
from faceedit.targets import ATTRIBUTES

SIZE = 256
"""Side of the wide crops."""
SURE = 1.5
"""Logit from which on a face has an attribute."""
NOSE_TIP, CHIN, FOREHEAD = 4, 152, 10
"""Mesh points."""
WHITES = 85
"""Percentile of L* between the lids that is of the whites of eyes."""
PRIME = 7919
"""Turns a face's shape into a number that decides."""
LITTLE = 0.25
"""Squares of the eye distance of parsed hair from which on nobody is bald, whatever looks say."""
HAIRY = 0.05
"""Share of hair below which a pixel shows none."""
LOCKLESS = (Region.EYES, Region.EYEGLASSES, Region.NOSE, Region.LIPS)
"""Segments of a face that no lock is told from."""
ROOT = 0.10
"""Eye distances over which roots end."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A wide crop and what it shows.

    Attributes:
        crop: of `SIZE`.
        near: (12, S / 2, S / 2) chances of `Region` in its middle half.
        far: (12, 3 S / 4, 3 S / 4) the same in its middle three quarters.
        person: (S, S) float32 opacity of the person.
        normals: (S, S, 3) float32 unit, see `light_network.Surface`.
        shown: (13,) logits of `targets.ATTRIBUTES`.
        hair_network: finds hair, when it is asked for.
    """

    crop: Crop
    near: np.ndarray
    far: np.ndarray
    person: np.ndarray
    normals: np.ndarray
    shown: np.ndarray
    hair_network: HairNetwork

    @cached_property
    def unit(self) -> float:
        """The eye distance in crop pixels."""
        return max(eye_distance(self.crop.landmarks), 1.0)

    @cached_property
    def seed(self) -> int:
        """A number that a face keeps in all sizes of its photo, nearly always."""
        points = self.crop.landmarks
        own = to_mean_face(points).points(points.astype(np.float64))
        return abs(int(PRIME * float(np.abs(own[:N_SURFACE]).mean().round(3))))

    @cached_property
    def lab(self) -> np.ndarray:
        """The crop in CIE Lab, (S, S, 3) float32."""
        return cv2.cvtColor(self.crop.pixels, cv2.COLOR_RGB2LAB)

    @cached_property
    def skin_lab(self) -> np.ndarray:
        """(3,) median CIE Lab of the face's skin."""
        return np.median(self.lab[bare_skin(self.crop.landmarks, SIZE)], axis=0)

    @property
    def skin_light(self) -> float:
        """L* of the face's skin."""
        return float(self.skin_lab[0])

    @cached_property
    def eyes_light(self) -> float:
        """L* of the whites of the eyes."""
        return eyes_light(self.lab, self.crop.landmarks)

    @cached_property
    def hair(self) -> np.ndarray:
        """(S, S) float32 in [0, 1], which pixels show hair of the head."""
        pixels, photo = self._filled
        hair = outline_matte(self._found, pixels, photo.astype(np.float32), self.unit)
        return hair * (1 - self._lower_face()) * (hair > HAIRY)

    @cached_property
    def locks(self) -> np.ndarray:
        """(S, S) float32 in [0, 1], as `hair` and down the locks that lie over the face."""
        told = self.seen((Region.HAIR,)), self.seen((Region.BROWS,))
        hair = spread_hair(self._found, *self._filled, told, self.unit)
        bare = np.maximum(self._lower_face(), np.clip(2 * self.seen(LOCKLESS), 0, 1))
        return hair * (1 - bare) * (hair > HAIRY)

    @cached_property
    def _found(self) -> np.ndarray:
        """(S, S) float32 in [0, 1], hair before its outline is sought."""
        points, (filled, photo) = self.crop.landmarks, self._filled
        brows = float(points[[point for brow in BROWS for point in brow], 1].min())
        rows, lower = (brows, float(points[CHIN, 1])), self._lower_face()
        ruled = find_hair(filled, photo, self.near, self.far, self.person, lower, rows)
        parsed = float((self.near[Region.HAIR] > 0.5).sum()) / self.unit**2
        bald = self.logit("bald")
        if (bald > SURE and parsed < LITTLE) or (bald > 0 and not ruled.any()):
            return np.zeros((SIZE, SIZE), np.float32)
        learned = hair_chance(self.hair_network, self.crop, filled)
        return join_hair(filled, photo, ruled, learned * (1 - lower))

    @cached_property
    def _filled(self) -> tuple[np.ndarray, np.ndarray]:
        """The crop, and (S, S) bool, what of it is not beyond the photo."""
        # A grey frame around the photo would look like grey hair.
        photo = ~(self.crop.pixels == np.float32(BLANK)).all(-1)
        return mirrored(self.crop.pixels), photo

    @cached_property
    def roots(self) -> np.ndarray:
        """(S, S) float32 in [0, 1], 1 where hair grows out of skin."""
        away = (self.placed(Region.SKIN) < 0.5).astype(np.uint8)
        away = cv2.distanceTransform(away, cv2.DIST_L2, 5)
        return np.exp(-away / np.float32(ROOT * self.unit))

    @cached_property
    def down(self) -> np.ndarray:
        """(2,) unit vector, down the face."""
        points = self.crop.landmarks[:, :2].astype(np.float64)
        down = points[CHIN] - points[FOREHEAD]
        return down / max(float(np.linalg.norm(down)), 1e-6)

    @cached_property
    def within_brows(self) -> np.ndarray:
        """(S, S) float32, 1 inside the outlines of the brows."""
        points = self.crop.landmarks[:, :2].astype(np.float64)
        rings = [fill_polygon(points[list(ring)], (SIZE, SIZE)) for ring in BROW_OUTLINES]
        return np.max(rings, axis=0).astype(np.float32)

    @property
    def brows_hidden(self) -> float:
        """Share of the brows that hair of the head hides."""
        return float((self.hair * self.within_brows).sum() / max(self.within_brows.sum(), 1))

    def logit(self, attribute: str) -> float:
        """Return how sure it is that the face has an attribute."""
        return float(self.shown[ATTRIBUTES.index(attribute)])

    def placed(self, region: Region) -> np.ndarray:
        """Return the chance of a region near the face, (S, S) float32."""
        start = (SIZE - self.near.shape[1]) // 2
        return np.pad(self.near[region], start)

    def seen(self, regions: Sequence[Region]) -> np.ndarray:
        """Return the chance of any of some regions in the whole crop, (S, S) float32."""
        parts = [one[list(regions)].sum(0) for one in (self.far, self.near)]
        whole = np.zeros((SIZE, SIZE), np.float32)
        for part in parts:
            start = (SIZE - len(part)) // 2
            whole[start : start + len(part), start : start + len(part)] = part
        return whole

    def _lower_face(self) -> np.ndarray:
        """Return 1 inside the face's outline and below the nose, where beards are."""
        points = self.crop.landmarks[:, :2].astype(np.float64)
        outline = fill_polygon(points[list(FACE_OVAL)], (SIZE, SIZE)).astype(np.float32)
        return outline * self.below((NOSE_TIP,), 0.1)

    def below(self, points: Sequence[int], over: float) -> np.ndarray:
        """Return 0 above mesh points and 1 below, rising over eye distances: (S, S) float32."""
        mesh = self.crop.landmarks[:, :2].astype(np.float64)
        start, down = mesh[list(points)].mean(0), self.down
        y, x = np.mgrid[:SIZE, :SIZE]
        below = (x - start[0]) * down[0] + (y - start[1]) * down[1]
        return np.clip(below / (over * self.unit), 0, 1).astype(np.float32)


def eyes_light(lab: np.ndarray, landmarks: np.ndarray) -> float:
    """Return L* of the whites of eyes in a crop of CIE Lab, (S, S, 3)."""
    inside = np.zeros(lab.shape[:2], np.uint8)
    for ring in EYES:
        cv2.fillPoly(inside, [np.round(landmarks[list(ring), :2]).astype(np.int32)], 1)
    bright = lab[inside > 0][:, 0]
    return float(np.percentile(bright, WHITES)) if len(bright) else float(np.median(lab[..., 0]))


def look(
    crops: Sequence[Crop],
    parser: AppearanceRecogniser,
    surfaces: LEGAN,
    hair_network: HairNetwork,
) -> list[Scene]:
    """Look at (256, 256) wide crops.

    Raises:
        NetworkError: a network's answer is not finite.
    """
    found = surfaces.look(crops)
    filled = to_tensor(np.stack([mirrored(crop.pixels) for crop in crops]), surfaces.device) * 2 - 1
    with torch.inference_mode():
        near, far = (
            filled[..., edge : SIZE - edge, edge : SIZE - edge].contiguous()
            for edge in (SIZE // 4, SIZE // 8)
        )
        seen = parser(near)
        segments = resample(seen.regions.float().softmax(1), SIZE // 2)
        farther = parser.parse(far)
    check_answer(1.1, segments=segments, farther_segments=farther)
    check_answer(math.inf, attributes=seen.attributes)
    person, normals = torch.sigmoid(found.matte[:, 0]), found.normals.permute(0, 2, 3, 1)
    columns = (segments, farther, person, normals, seen.attributes)
    arrays = [np.ascontiguousarray(column.float().cpu().numpy()) for column in columns]
    return [Scene(*row, hair_network=hair_network) for row in zip(crops, *arrays, strict=True)]
