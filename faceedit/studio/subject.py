"""One photo's face with the model fitted to it: what every edit of the studio starts from."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from faceedit.compose.mouth.opening import CLOSED, lip_gap
from faceedit.faces.align import Crop
from faceedit.faces.topology import (
    EYES,
    FACE_OVAL,
    LOWER_INNER_LIP,
    N_SURFACE,
    UPPER_INNER_LIP,
    eye_distance,
)
from faceedit.studio.camera import Camera
from faceedit.studio.drawing import Drawing, draw_model
from faceedit.studio.fit import fit_model
from faceedit.studio.lips import LipSeal
from faceedit.studio.model import MOUTH_PARTS, FaceModel, Part, vertex_normals
from faceedit.studio.snap import ThinPlateSpline

SNAP_RIDGE, OVAL_RIDGE = 0.002, 0.3
"""Of the spline: the face's outline is seen less surely than its inside."""
OF_EYE = ((Part.RIGHT_SOCKET, Part.RIGHT_EYE), (Part.LEFT_SOCKET, Part.LEFT_EYE))
"""Parts behind the lids, in the order of `EYES`: the person's right is at the image's left."""


@dataclass(frozen=True)
class Pose:
    """The model in one expression, laid on the crop.

    Attributes:
        model: the face model.
        expression: (E,) blend weights.
        vertices: (V, 3) cm.
        places: (V, 2) float32 crop pixels.
        depth: (V,) float32 cm, larger nearer.
        camera: of the crop.
        size: side of the crop in pixels.
    """

    model: FaceModel
    expression: np.ndarray
    vertices: np.ndarray
    places: np.ndarray
    depth: np.ndarray
    camera: Camera
    size: int

    @cached_property
    def drawing(self) -> Drawing:
        """All parts drawn on the crop."""
        return draw_model(self.model, self.places, self.depth, (self.size, self.size))

    @cached_property
    def normals(self) -> np.ndarray:
        """Unit normals of the skin and head towards the camera's axes, (V, 3): x right, y up."""
        normals = vertex_normals(self.vertices, self.model.outer_triangles)
        return normals @ self.camera.rotation.T.astype(np.float32)

    def landmarks(self) -> np.ndarray:
        """Return where the model's mesh points lie, (468, 2) pixels."""
        return self.places[self.model.landmark_vertices]


@dataclass(frozen=True)
class Subject:
    """A fitted face.

    Attributes:
        crop: the photo's crop and landmarks.
        identity: (I,) blend weights.
        pose: the face as it is in the photo.
        shifts: (V, 2) float32 pixels from where the model projects to where the photo has it.
        unit: distance of the outer eye corners in crop pixels.
        residual: mean distance of landmarks (the outline left out) that the model cannot reach,
            in eye distances.
        gap: opening of the inner lips in eye distances.
        seal: which vertices close the lips.
    """

    crop: Crop
    identity: np.ndarray
    pose: Pose
    shifts: np.ndarray
    unit: float
    residual: float
    gap: float
    seal: LipSeal

    @property
    def model(self) -> FaceModel:
        """The face model."""
        return self.pose.model

    @property
    def expression(self) -> np.ndarray:
        """The (E,) fitted blend weights."""
        return self.pose.expression

    def posed(self, expression: np.ndarray, gap: float | None = None) -> Pose:
        """Return the face in another expression.

        Args:
            expression: (E,) blend weights.
            gap: close the lips to this many eye distances; None leaves them where they fall.
        """
        vertices = self.model.blend(self.identity, expression)
        places, depth = self.pose.camera.project(vertices)
        places += self.shifts
        if gap is not None:
            places = self.seal.close(places, self.unit, gap)
        return replace(
            self.pose, expression=expression, vertices=vertices, places=places, depth=depth
        )

    def moved_landmarks(self, pose: Pose) -> np.ndarray:
        """Return the photo's landmarks carried along to another pose, (478, 3) crop pixels.

        The irises stay.
        """
        moved = self.crop.landmarks.copy()
        moved[:N_SURFACE, :2] += pose.landmarks() - self.pose.landmarks()
        return moved


def fit_subject(model: FaceModel, crop: Crop, seal: LipSeal | None = None) -> Subject:
    """Fit the model to a crop and snap it onto its landmarks.

    Args:
        model: the face model.
        crop: aligned crop with 478 landmarks.
        seal: of the same model, where many crops are fitted.
    """
    seal = seal or LipSeal(model)
    landmarks = crop.landmarks[:N_SURFACE, :2].astype(np.float64)
    unit = eye_distance(landmarks)
    fit = fit_model(model, landmarks)
    vertices = model.blend(fit.identity, fit.expression)
    projected, depth = fit.camera.project(vertices)
    shifts = _snap(model, projected, landmarks, unit)
    places = projected + shifts
    gap = lip_gap(landmarks, unit)
    if gap < CLOSED:
        places = seal.close(places, unit)
        shifts = places - projected
    pose = Pose(model, fit.expression, vertices, places, depth, fit.camera, crop.size)
    inner = np.setdiff1d(np.arange(N_SURFACE), FACE_OVAL)
    return Subject(
        crop=crop,
        identity=fit.identity,
        pose=pose,
        shifts=shifts.astype(np.float32),
        unit=unit,
        residual=float(fit.error[inner].mean()),
        gap=gap,
        seal=seal,
    )


def _snap(
    model: FaceModel, projected: np.ndarray, landmarks: np.ndarray, unit: float
) -> np.ndarray:
    """Return (V, 2) shifts that carry the skin onto the landmarks, what lies behind following."""
    points = model.landmark_vertices
    ridge = np.full(len(points), SNAP_RIDGE)
    ridge[list(FACE_OVAL)] = OVAL_RIDGE
    spline = ThinPlateSpline(projected[points], landmarks - projected[points], ridge, unit)
    shifts = np.zeros_like(projected)
    shifts[: model.n_skin] = spline(projected[: model.n_skin])
    lips = points[list(UPPER_INNER_LIP + LOWER_INNER_LIP)]
    behind = model.vertex_part[model.n_skin :]
    rest = shifts[model.n_skin :]
    rest[np.isin(behind, MOUTH_PARTS)] = shifts[lips].mean(0)
    for eye, parts in zip(EYES, OF_EYE, strict=True):
        rest[np.isin(behind, parts)] = shifts[points[list(eye)]].mean(0)
    return shifts
