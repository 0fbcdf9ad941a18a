"""A rig of the made-up face model on disk, and photos of made-up people to use it on."""

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from toys import toy_crop, toy_model

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.faces.topology import INNER_LIPS
from faceedit.studio.learn import learn_rig
from faceedit.studio.model import LANDMARKS_FILE, MODEL_FILE
from faceedit.studio.sources import SourcePhoto

STEP = 0.004
PEOPLE = 6


def write_model(folder: Path) -> None:
    """Write the toy model as ``faceedit studio import`` would."""
    model = toy_model()
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / MODEL_FILE,
        neutral=model.neutral,
        identity_q=np.rint(model.identity / STEP).astype(np.int16),
        expression_q=np.rint(model.expression / STEP).astype(np.int16),
        q=np.array(STEP),
        expression_names=np.array(model.expression_names),
        tri=model.triangles.astype(np.uint16),
        part=model.part,
    )
    places = {
        "mp_to_ict_vertex": model.landmark_vertices.tolist(),
        "weights": model.landmark_weights.tolist(),
    }
    (folder / LANDMARKS_FILE).write_text(json.dumps(places))


def draw_sources(folder: Path, people: int = PEOPLE, size: int = 384) -> list[SourcePhoto]:
    """Draw a neutral and a happy photo of each person; people differ in grain and smile."""
    folder.mkdir(parents=True, exist_ok=True)
    model = toy_model()
    sources = []
    for person in range(people):
        smile = model.weights(mouthSmile=0.7 + 0.05 * person, jawOpen=0.8)
        for expression, weights in (("neutral", None), ("happy", smile)):
            crop = toy_crop(size, weights, seed=person)
            pixels = np.rint(crop.pixels * 255).astype(np.uint8)
            if expression == "happy":
                lips = np.rint(crop.landmarks[list(INNER_LIPS), :2]).astype(np.int32)
                teeth = np.zeros(pixels.shape[:2], np.uint8)
                cv2.fillPoly(teeth, [lips], 1)
                # Bright, with gaps, as teeth are.
                gaps = np.arange(size)[None, :, None] % 8 == person % 8
                shown = np.where(gaps, 150, np.array([225, 215, 205], np.uint8))
                pixels = np.where(teeth[..., None] > 0, shown, pixels).astype(np.uint8)
            path = folder / f"person{person}-{expression}.png"
            Image.fromarray(pixels).save(path)
            strength = 0 if expression == "neutral" else 2
            photo = LabelledPhoto(path, f"person{person}", expression, strength, "train")
            sources.append(SourcePhoto(photo, crop.landmarks))
    return sources


def write_rig(folder: Path) -> tuple[Path, list[SourcePhoto]]:
    """Write a whole rig, learned from drawn people; returns its folder and the photos."""
    rig = folder / "rig"
    write_model(rig)
    sources = draw_sources(folder / "photos")
    learn_rig(rig, sources, lambda _: None)
    return rig, sources
