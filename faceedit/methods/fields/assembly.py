"""From predicted fields to an `Edit`: colour, spectacles that hold still, jumps, eyes and mouth."""

import cv2
import numpy as np
import torch

from faceedit.channels import spread
from faceedit.compose.corners import CornersDetail
from faceedit.compose.details import EyesDetail, MouthDetail, MovedPoints
from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.folds import FoldsDetail
from faceedit.compose.mesh_flow import soften_jumps
from faceedit.compose.mouth.dentition import draw_teeth
from faceedit.compose.mouth.light import lit_luma
from faceedit.compose.mouth.moustache import hair_over_lip
from faceedit.compose.mouth.traits import traits_of
from faceedit.compose.spectacles import brows_whole, frame_hold, spectacle_hold
from faceedit.faces.align import Crop
from faceedit.faces.pose import head_pose
from faceedit.faces.raster import squares_about
from faceedit.faces.topology import BROWS, FACE_OVAL, OUTER_EYE_CORNERS, SUBNASALE, eye_distance
from faceedit.methods.fields.drawn import FIELD_SIZE
from faceedit.methods.fields.generator import CROP_SIZE, FieldTensors
from faceedit.methods.fields.shape_layer import MovedFaces
from faceedit.ramps import ramp
from faceedit.tones import LUMA, muted

PLAIN_COLOUR = 0.22
"""Mean chroma over brightness of a face from which on a photo has all of its colour."""
SILHOUETTE, ABOUT_EYES = 4.0, 2.0
"""Crop pixels over which the flow goes over from a far cheek's outline to what lies behind it,
which fields are too coarse to follow; and from a brow to the lid that it nears."""
BRIGHTEST = 0.3
"""Log ratio that no lift exceeds."""
STRAY, DEEPEST, LIFTED = 0.6, 0.4, 0.85
"""About the mouth: field pixels over which a log ratio is smooth, as single ones stand out where
the moved mesh folds; the log ratio that no shadow exceeds; the share of a lift that is left."""
ABOVE = 0.15
"""Eye distances above the foot of the nose over which it comes to be about the mouth."""
UNCOLOURED, COLOURED_TO = 0.7, 0.06
"""The share of its colour that a lift loses, and the log ratio from which on it is all of that."""
RIDGE = (168, 6, 197, 195, 5, 4, 1, 2)
"""Points along the nose."""
LOOKS_ASIDE, BEYOND_RIDGE, FAR_DULLED = (8.0, 20.0), 0.08, 0.85
"""Degrees between which a head comes to look aside, eye distances beyond its nose's ridge over
which its far side begins, and the share of light that this loses."""
SKIN = (50, 280, 117, 346, 151, 9, 205, 425)
"""Points of bare skin: cheeks and forehead."""
PORES, PATCH = (1.0, 4.0), 8
"""Blurs in crop pixels between which skin shows its age; how far about a point it is looked at."""
ROUGHNESS, DEEP = (0.012, 0.035, 0.1), (0.6, 0.9, 1.1)
"""Deviations of the log of skin's luma there (medians of 226 young and 65 old portraits are 0.035
and 0.079), and how deep the shadows of folds then are, of what was learned."""
FAIR, OF_FAIR = (0.72, 0.86), 0.45
"""Luma of skin between which it comes to be all but white, and how deep folds then are: what
is brightest is held back in photos, and grey on white is dirt."""
DEEP_BROWS, BELOW_EYES = (0.8, 1.0, 1.1), 0.2
"""The same of brows and forehead, whose furrows say more than those of cheeks, and eye distances
below the eyes over which one goes over into the other."""
RAISED, FAINT, ABOVE_EYES = (0.0, 0.03), 0.4, (0.1, -0.02)
"""Eye distances by which brows rise, up to where light above the eyes is faint, of what was
learned: bands and stains on the lids stand out; and those below the eyes' corners over which that
begins."""
TEETH_HUE = np.array([[0.001, 0.0, -0.016], [0.267, 0.0, 0.354]], np.float32)
"""Log of teeth's red and blue over their green, beside skin's, as in 141 real smiles."""
WARM, WARMTH = np.array([0.88, 1.05, 1.12], np.float32), 0.5
"""Colour of a shadow on skin, of its depth, and how far shadows get it: grey ones are dirt."""
LENS_FLOW, LENS_SHADE, LENS_LIDS = 0.5, 0.2, 0.35
"""Of the hold of lenses, how firmly they hold the skin behind them, its shade, and the lids."""
BARE = 0.01
"""How surely spectacles are worn, up to which nothing is looked for."""
_FINER = CROP_SIZE // FIELD_SIZE
_LIKELY, _SURE = -0.7, 4.0
"""Logit from which on spectacles are held still, and how steeply: a frame that bends is worse than
lids that move too little."""


def assemble_edit(
    crop: Crop,
    faces: MovedFaces,
    fields: FieldTensors,
    index: int,
) -> Edit:
    """Return the edit of one face of a batch.

    Args:
        crop: the face.
        faces: the batch, moved by the shape layer.
        fields: of the batch.
        index: of the face in it.
    """
    points = MovedPoints(
        crop.landmarks,
        *(
            part[index].cpu().numpy().astype(np.float64)
            for part in (faces.landmarks, faces.jaws, faces.jaws_moved)
        ),
    )
    held = float(torch.sigmoid(_SURE * (fields.eyeglasses[index] - _LIKELY)))
    lenses = hold_lenses(crop.landmarks)
    frames = hold_frames(crop, points.after) if held > BARE else np.zeros_like(lenses)
    free = 1 - held * np.maximum(frames, LENS_FLOW * lenses)[..., None]
    of_lids = held * np.maximum(frames, LENS_LIDS * lenses) if held > BARE else frames
    eyes = np.maximum(lenses / max(float(lenses.max()), 1e-3), held * frames)[..., None]
    # Lids and lips are drawn where the points are, not where the flow goes.
    x, y = (crop.landmarks[:, :2].T / _FINER).clip(0, FIELD_SIZE - 1).astype(int)
    landmarks = crop.landmarks.astype(np.float32)
    landmarks[:, :2] += free[y, x] * (points.after - landmarks[:, :2])
    tone = lit_teeth(fields.tone[index].cpu().numpy(), crop)
    colour = colour_share(crop)
    teeth = draw_teeth(traits_of(crop.landmarks))
    nothing = np.zeros((2, 2), np.float32)
    paint = RasterPaint(np.zeros((2, 2, 3), np.float32), CROP_SIZE)
    hair = hair_over_lip(crop.pixels, crop.landmarks)
    mouth = MouthDetail(points, teeth, tone, colour, hair)
    details = (
        EyesDetail(points, of_lids, CROP_SIZE),
        mouth,
        CornersDetail(points),
        FoldsDetail(points),
    )
    shaded = 1 - held * np.maximum(frames, LENS_SHADE * lenses)[..., None]
    flow, ratio = (
        np.ascontiguousarray(field[index].permute(1, 2, 0).cpu().numpy() * share)
        for field, share in ((fields.flow, free), (fields.log_ratio, shaded))
    )
    far, near = (
        _FINER * soften_jumps(flow / _FINER, FIELD_SIZE, over) for over in (SILHOUETTE, ABOUT_EYES)
    )
    flow = far + eyes * (near - far)
    ratio = soft_lift(skin_shadow(ratio, fold_depth(crop))) * below_raised_brows(points)
    ratio = dull_far_side(ratio, crop.landmarks)
    ratio += about_mouth(crop.landmarks) * (calm_shade(ratio) - ratio)
    ratio = muted(ratio, colour)
    return Edit(flow, ratio, nothing, paint, CROP_SIZE, details, landmarks=landmarks)


def skin_shadow(ratio: np.ndarray, depth: float | np.ndarray) -> np.ndarray:
    """Return a log ratio, (..., 3), whose darker parts are so deep, and of the colour of skin."""
    luma = (ratio @ LUMA)[..., None]
    dark = np.clip(-luma / COLOURED_TO, 0, 1)
    warm = ratio + WARMTH * (luma * WARM - ratio)
    return (ratio + dark * (depth * warm - ratio)).astype(np.float32)


def lit_teeth(tone: np.ndarray, crop: Crop) -> np.ndarray:
    """Return the tone of lit teeth, (3,) RGB in [0, 1]: lit like the mouth, with the skin's hue.

    Args:
        tone: as the network expects it, where nothing tells.
        crop: the face.
    """
    patches = [patch.reshape(-1, 3) for patch in _skin_patches(crop.pixels, crop)]
    colours = [np.median(patch, axis=0) for patch in patches]
    if not colours:
        return tone
    luma = lit_luma(crop.pixels, crop.landmarks) or float(tone @ LUMA)
    skin = np.maximum(np.median(colours, axis=0), 0.02)
    hue = np.exp(TEETH_HUE[0] + TEETH_HUE[1] * np.log(skin / skin[1]))
    lit = luma / float(hue @ LUMA) * hue
    return (lit / max(float(lit.max()), 1.0)).astype(np.float32)


def _skin_patches(values: np.ndarray, crop: Crop) -> list[np.ndarray]:
    """Return squares of a crop's (S, S) values about the points of `SKIN`."""
    return squares_about(values, crop.landmarks[list(SKIN)], PATCH)


def fold_depth(crop: Crop) -> np.ndarray:
    """Return how deep folds are in each row of the fields, (128, 1, 1), of what was learned.

    Smooth young skin folds less, least of all below the eyes, and skin that is all but white less.
    """
    shown = crop.pixels @ LUMA
    bright = np.median([np.median(patch) for patch in _skin_patches(shown, crop)] or [0.0])
    fair = 1 - (1 - OF_FAIR) * ramp(bright, FAIR)
    luma = np.log(np.maximum(shown, 0.03))
    fine = np.subtract(*(cv2.GaussianBlur(luma, (0, 0), sigma) for sigma in PORES))
    spreads = [float(patch.std()) for patch in _skin_patches(fine, crop)] or [0.0]
    rough = np.log(max(np.median(spreads), 1e-4))
    places = (crop.landmarks[:, :2] + 0.5) * (FIELD_SIZE / CROP_SIZE) - 0.5
    eyes = places[list(OUTER_EYE_CORNERS), 1].mean()
    below = np.clip((np.arange(FIELD_SIZE) - eyes) / (BELOW_EYES * eye_distance(places)), 0, 1)
    brows, face = (np.interp(rough, np.log(ROUGHNESS), one) for one in (DEEP_BROWS, DEEP))
    return (fair * (brows + below * (face - brows))).astype(np.float32)[:, None, None]


def below_raised_brows(points: MovedPoints) -> np.ndarray:
    """Return the share of light of each row of the fields, (128, 1, 1): little by raised brows."""
    places = (points.before[:, :2] + 0.5) * (FIELD_SIZE / CROP_SIZE) - 0.5
    brows = [point for brow in BROWS for point in brow]
    lift = (points.before[brows, 1] - points.after[brows, 1]).mean() / eye_distance(points.before)
    eyes = places[list(OUTER_EYE_CORNERS), 1].mean()
    above = ramp((np.arange(FIELD_SIZE) - eyes) / eye_distance(places), ABOVE_EYES)
    share = 1 - (1 - FAINT) * ramp(lift, RAISED) * above
    return share.astype(np.float32)[:, None, None]


def dull_far_side(ratio: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return (n, n, 3) log ratios with little light beyond the nose of a head that looks aside.

    There the mesh is so narrow that folds' lighter sides are specks.
    """
    yaw = head_pose(landmarks).yaw
    first, whole = LOOKS_ASIDE
    turned = float(np.clip((abs(yaw) - first) / (whole - first), 0, 1))
    if turned == 0:
        return ratio
    places = (landmarks[:, :2] + 0.5) * (FIELD_SIZE / CROP_SIZE) - 0.5
    x, y = places[list(RIDGE)].T
    order, pixels = np.argsort(y), np.arange(FIELD_SIZE)
    ridge = np.interp(pixels, y[order], x[order])[:, None]
    beyond = np.sign(yaw) * (pixels[None] - ridge) / (BEYOND_RIDGE * eye_distance(places))
    light = np.clip((ratio @ LUMA) / COLOURED_TO, 0, 1)
    dulled = turned * FAR_DULLED * light * np.clip(beyond, 0, 1)
    return ratio * (1 - dulled[..., None].astype(np.float32))


def calm_shade(ratio: np.ndarray) -> np.ndarray:
    """Return (n, n, 3) log ratios without dots, holes and glare, in single precision."""
    ratio = cv2.GaussianBlur(ratio, (0, 0), STRAY)
    luma = (ratio @ LUMA)[..., None]
    dark = np.maximum(-luma, 1e-6)
    return ratio * np.where(luma < 0, DEEPEST * np.tanh(dark / DEEPEST) / dark, LIFTED)


def about_mouth(landmarks: np.ndarray) -> np.ndarray:
    """Return how far each row of the fields is about the mouth, (128, 1, 1) float32 in [0, 1]."""
    places = (landmarks[:, :2] + 0.5) * (FIELD_SIZE / CROP_SIZE) - 0.5
    below = np.arange(FIELD_SIZE) - places[SUBNASALE, 1]
    share = np.clip(1 + below / (ABOVE * eye_distance(places)), 0, 1).astype(np.float32)
    return share[:, None, None]


def soft_lift(ratio: np.ndarray) -> np.ndarray:
    """Return a log ratio, (..., 3), whose lighter parts stay skin: neither glaring nor of a hue.

    Shadows of a fold are redder than its skin, so that a ratio which lifts one is greener; where
    the photo has no such fold, that would leave a yellow patch.
    """
    luma = (ratio @ LUMA)[..., None]
    lift = np.maximum(luma, 0)
    limited = luma - lift + BRIGHTEST * np.tanh(lift / BRIGHTEST)
    share = 1 - UNCOLOURED * np.clip(lift / COLOURED_TO, 0, 1)
    return (limited + share * (ratio - luma)).astype(np.float32)


def colour_share(crop: Crop) -> float:
    """Return 0 for a photo without colour, and 1 for one with the colour of skin."""
    points = crop.landmarks[list(FACE_OVAL), :2]
    left, top = np.clip(points.min(0), 0, CROP_SIZE - 1).astype(int)
    right, bottom = np.clip(points.max(0), 1, CROP_SIZE).astype(int)
    face = crop.pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    chroma = float(spread(face).mean()) / max(float(face.mean()), 1e-3)
    return min(chroma / PLAIN_COLOUR, 1.0)


def hold_lenses(landmarks: np.ndarray) -> np.ndarray:
    """Return where lenses are and what is about them, (128, 128) float32 in [0, 1]."""
    places = (landmarks[:, :2] + 0.5) * (FIELD_SIZE / CROP_SIZE) - 0.5
    return spectacle_hold(places, eye_distance(places), FIELD_SIZE)


def hold_frames(crop: Crop, after: np.ndarray) -> np.ndarray:
    """Return where frames of spectacles are, (128, 128) float32 in [0, 1], and brows under them.

    Args:
        crop: the face.
        after: (478, 2) where its landmarks go.
    """
    frames = frame_hold(crop.pixels, crop.landmarks, eye_distance(crop.landmarks))
    frames = cv2.resize(frames, (FIELD_SIZE, FIELD_SIZE), interpolation=cv2.INTER_AREA)
    before, there = (
        (one[:, :2] + 0.5) * (FIELD_SIZE / CROP_SIZE) - 0.5 for one in (crop.landmarks, after)
    )
    return brows_whole(frames, before, there, eye_distance(before))
