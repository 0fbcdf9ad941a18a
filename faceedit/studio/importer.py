"""Building a rig from the public OBJ files of ICT-FaceKit light."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceedit.errors import MissingError, UsageError
from faceedit.faces.topology import FACE_OVAL
from faceedit.outputs import NEW_ONLY, Permit, check_writable, write_atomic
from faceedit.studio import correspondence
from faceedit.studio.arrays import pack
from faceedit.studio.facekit import ADDRESS, LIGHT, NEUTRAL_FILE, Layout
from faceedit.studio.model import LANDMARKS_FILE, MODEL_FILE, FaceModel
from faceedit.studio.obj import ObjMesh, fan_triangles, read_mesh, read_vertices
from faceedit.studio.skin import Skin, atlas_coordinates, lid_vertices, lip_vertices, make_skin

SKIN_FILE = "skin.npz"
MODEL_FOLDER = "FaceXModel"
STEP = 0.004
"""Displacements are kept as int16 multiples of this, cm."""


@dataclass(frozen=True)
class FaceKit:
    """The kept part of ICT-FaceKit light as a rig stores it.

    Attributes:
        neutral: (V, 3) float32, cm.
        identity_q: (I, V, 3) int16 displacements in units of STEP.
        expression_q: (E, V, 3) int16 displacements in units of STEP.
        expression_names: E names.
        triangles: (T, 3) uint16.
        part: (T,) uint8, a `faceedit.studio.model.Part` each.
        landmarks: (68,) int32, vertices of the iBUG points.
    """

    neutral: np.ndarray
    identity_q: np.ndarray
    expression_q: np.ndarray
    expression_names: tuple[str, ...]
    triangles: np.ndarray
    part: np.ndarray
    landmarks: np.ndarray

    def skin(self) -> Skin:
        """Return the skin of this model."""
        return make_skin(
            self.neutral,
            self.triangles.astype(np.int32),
            self.part,
            self.expression_q * STEP,
            self.expression_names,
            self.landmarks.tolist(),
        )

    def model(self, landmark_vertices: np.ndarray) -> FaceModel:
        """Return the face model that a rig with these arrays is read as.

        Args:
            landmark_vertices: (468,) int32, the vertex of each mesh point.
        """
        return FaceModel(
            neutral=self.neutral,
            identity=self.identity_q * np.float32(STEP),
            expression=self.expression_q * np.float32(STEP),
            expression_names=self.expression_names,
            triangles=self.triangles.astype(np.int32),
            part=self.part,
            landmark_vertices=landmark_vertices,
            landmark_weights=correspondence.landmark_weights(),
        )


def import_facekit(
    folder: Path, rig: Path, layout: Layout = LIGHT, permit: Permit = NEW_ONLY
) -> None:
    """Write the face model, the places of the landmarks and the tables of the skin of a rig.

    Args:
        folder: a copy of the ICT-FaceKit repository, or its folder FaceXModel.
        rig: folder to write three files to.
        layout: what the files hold.
        permit: what may be replaced.

    Raises:
        MissingError: the folder or a file in it is missing.
        PlanError: a file is there that may not be replaced.
        UsageError: a file is malformed or of another release of the model.
        WriteError: a file cannot be written.
    """
    check_writable((rig / name for name in (MODEL_FILE, SKIN_FILE, LANDMARKS_FILE)), permit)
    kit = read_facekit(folder, layout)
    skin = kit.skin()
    model = kit.model(correspondence.find_correspondence(skin))
    vertices = correspondence.refine_to_mean_face(model, skin)
    write_atomic(rig / MODEL_FILE, pack(_model_arrays(kit)), permit)
    write_atomic(rig / SKIN_FILE, pack(skin_arrays(skin)), permit)
    places = landmark_places(vertices, kit.landmarks)
    write_atomic(rig / LANDMARKS_FILE, json.dumps(places).encode(), permit)


def read_facekit(folder: Path, layout: Layout = LIGHT) -> FaceKit:
    """Read the OBJ files of ICT-FaceKit light.

    Args:
        folder: a copy of the ICT-FaceKit repository, or its folder FaceXModel.
        layout: what the files hold.

    Raises:
        MissingError: the folder or a file in it is missing.
        UsageError: a file is malformed or of another release of the model.
    """
    folder = _model_folder(folder, layout)
    path = folder / NEUTRAL_FILE
    mesh = read_mesh(path)
    _check_count(path, len(mesh.vertices), layout)
    triangles, part = _triangles(path, mesh, layout)

    def displacements(names: tuple[str, ...]) -> np.ndarray:
        steps = [_steps(folder / f"{name}.obj", mesh.vertices, layout) for name in names]
        return np.array(steps, np.int16).reshape(len(names), layout.n_kept, 3)

    return FaceKit(
        neutral=mesh.vertices[: layout.n_kept].astype(np.float32),
        identity_q=displacements(layout.identities),
        expression_q=displacements(layout.expressions),
        expression_names=layout.expressions,
        triangles=triangles,
        part=part,
        landmarks=np.array(layout.landmarks, np.int32),
    )


def landmark_places(vertices: np.ndarray, landmarks: np.ndarray) -> dict[str, list]:
    """Return what a rig's landmark file holds.

    Args:
        vertices: (468,) int, the vertex of each mesh point.
        landmarks: (68,) int, the vertex of each iBUG point.
    """
    return {
        "mp_to_ict_vertex": vertices.tolist(),
        "ibug68_to_mp": list(correspondence.IBUG_TO_MESH),
        "ibug68_to_ict": landmarks.tolist(),
        "mp_oval": list(FACE_OVAL),
        "mp_upper_lip": list(correspondence.UPPER_LIP),
        "mp_lower_lip": list(correspondence.LOWER_LIP),
        "mp_upper_lid": list(correspondence.UPPER_LID),
        "mp_lower_lid": list(correspondence.LOWER_LID),
        "weights": correspondence.landmark_weights().tolist(),
    }


def skin_arrays(skin: Skin) -> dict[str, np.ndarray]:
    """Return the atlas and the vertex lists of a skin by their names in a rig."""
    upper, lower = lip_vertices(skin)
    return {
        "atlas_xy": atlas_coordinates(skin.vertices),
        "upper_lip_verts": upper,
        "lower_lip_verts": lower,
        "lid_verts": lid_vertices(skin),
    }


def _model_folder(folder: Path, layout: Layout) -> Path:
    """Return the folder of the OBJ files once all of them are seen to be there."""
    if not folder.is_dir():
        raise MissingError(f"{folder} is no folder; give a copy of {ADDRESS}")
    if (folder / MODEL_FOLDER).is_dir():
        folder = folder / MODEL_FOLDER
    if not (folder / NEUTRAL_FILE).is_file():
        raise MissingError(
            f"{folder} has no {NEUTRAL_FILE}; give a copy of {ADDRESS} or its folder {MODEL_FOLDER}"
        )
    wanted = [f"{name}.obj" for name in (*layout.identities, *layout.expressions)]
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing:
        raise MissingError(
            f"{folder} lacks {len(missing)} of {len(wanted)} blendshapes, the first of them "
            f"{missing[0]}; copy {ADDRESS} again"
        )
    return folder


def _check_count(path: Path, count: int, layout: Layout) -> None:
    if count != layout.n_vertices:
        raise UsageError(
            f"{path} has {count} vertices instead of {layout.n_vertices}: the file is cut off or "
            f"of another release; copy the main branch of {ADDRESS}"
        )


def _triangles(path: Path, mesh: ObjMesh, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Return the kept triangles, (T, 3) uint16, and their parts, (T,) uint8."""
    wanted = layout.part_ends[-1]
    triangles, polygon = fan_triangles(mesh.polygons[:wanted])
    if len(mesh.polygons) < wanted or triangles.max() >= layout.n_kept:
        raise UsageError(
            f"{path}: the polygons are not those of ICT-FaceKit light; copy the main branch of "
            f"{ADDRESS}"
        )
    part = np.searchsorted(layout.part_ends, polygon, side="right")
    return triangles.astype(np.uint16), part.astype(np.uint8)


def _steps(path: Path, neutral: np.ndarray, layout: Layout) -> np.ndarray:
    """Return the displacements in one file as multiples of STEP, (V, 3) int16."""
    vertices = read_vertices(path)
    _check_count(path, len(vertices), layout)
    steps = np.rint((vertices - neutral)[: layout.n_kept] / STEP)
    if np.abs(steps).max() > np.iinfo(np.int16).max:
        raise UsageError(f"{path} is too far from {NEUTRAL_FILE}; are both in centimetres?")
    return steps.astype(np.int16)


def _model_arrays(kit: FaceKit) -> dict[str, np.ndarray]:
    return {
        "neutral": kit.neutral,
        "identity_q": kit.identity_q,
        "expression_q": kit.expression_q,
        "q": np.array(STEP),
        "expression_names": np.array(kit.expression_names),
        "tri": kit.triangles,
        "part": kit.part,
        "lm68": kit.landmarks,
    }
