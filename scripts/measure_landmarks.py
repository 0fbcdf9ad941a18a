"""How closely faces take on landmarks, on people that no training saw.

    python scripts/measure_landmarks.py like DATA [--people N]
    python scripts/measure_landmarks.py follow DATA [--people N]

`like`: each portrait is given pose and expression of another one (``landmarks-like``): how far yaw,
pitch and roll then are from the other's, in degrees, and the cosine of the identity network with
the portrait. `follow`: where some action units would put the landmarks is given as an array: how
far the points that move by more than 0.03 eye distances end from there, after that edit and after
the one by units. Intervals are of 95%, over people.
"""

import argparse
from pathlib import Path

import numpy as np

from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.faces.align import extract_crop, invert, transform_landmarks
from faceedit.faces.pose import head_pose
from faceedit.faces.topology import eye_distance
from faceedit.photos import read_photo
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.registry import open_registry
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.targets import Landmarks, Target, parse_target
from faceedit.training.recognisers.scores import over_people

UNITS = ("au=26+3,25+2", "au=12+3,6+2", "au=1+3,2+3", "au=4+3,15+3")
MOVED = 0.03
LARGEST = 20.0
"""Yaw of the portraits in degrees."""


def like(networks: EditNetworks, sources: list[SourcePhoto]) -> dict[str, list[float]]:
    """Give each portrait pose and expression of the next one but seven."""
    identity = IdentityRecogniser.load(open_registry().checkpoint("identity"))
    found: dict[str, list[float]] = {
        name: [] for name in ("yaw off", "pitch off", "roll off", "before", "identity")
    }
    for at, source in enumerate(sources):
        other = sources[(at + 7) % len(sources)]
        target = networks.resolved(parse_target(f"landmarks-like={other.photo.path}"))
        pixels = read_photo(source.photo.path).pixels
        editor = networks.editor(target)
        after = editor.find(made := editor.edit_pixels(pixels, target).pixels)
        if not after:
            continue
        faces = (after[0].landmarks, source.landmarks, other.landmarks)
        poses = [head_pose(one) for one in faces]
        angles = np.array([[one.yaw, one.pitch, one.roll] for one in poses])
        off = np.abs(angles[0] - angles[2])
        crops = [
            extract_crop(picture, points, 256)
            for picture, points in zip((made, pixels), faces, strict=False)
        ]
        one, two = identity.read(crops, 2)
        values = (*off, float(np.abs(angles[1] - angles[2]).max()), one.cosine(two))
        for name, value in zip(found, values, strict=True):
            found[name].append(float(value))
    return found


def follow(networks: EditNetworks, sources: list[SourcePhoto]) -> dict[str, list[float]]:
    """Move landmarks as units would, and compare with where they were to be."""
    found: dict[str, list[float]] = {name: [] for name in ("movement", "off", "off by units")}
    for source in sources:
        pixels = read_photo(source.photo.path).pixels
        values = []
        for text in UNITS:
            target = parse_target(text)
            editor = networks.editor(target)
            faces = editor.find(pixels)
            if not faces:
                continue
            before = faces[0].landmarks
            crop = extract_crop(pixels, before, 256)
            (edit,) = editor.steps[0].method.edit([crop], target)
            assert edit.landmarks is not None
            wanted = transform_landmarks(edit.landmarks, invert(crop.affine))
            term = Target((Landmarks.of(wanted),))
            made = (
                networks.editor(term).edit_faces(pixels, faces[:1], term),
                editor.edit_faces(pixels, faces[:1], target),
            )
            seen = [editor.find(one.pixels) for one in made]
            if not all(seen):
                continue
            gaps = [
                np.linalg.norm((points - wanted)[:, :2], axis=1) / eye_distance(before)
                for points in (before, *(one[0].landmarks for one in seen))
            ]
            moved = gaps[0] > MOVED
            values.append([float(gap[moved].mean()) for gap in gaps])
        for name, value in zip(found, np.mean(values, axis=0), strict=True):
            found[name].append(float(value))
    return found


def main() -> None:
    """Load, measure and print."""
    parser = argparse.ArgumentParser(description="Measure edits by landmarks.")
    parser.add_argument("what", choices=("like", "follow"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--people", type=int, default=40)
    asked = parser.parse_args()
    folder = asked.data / "portraits"
    photos = [one for one in list_photos(folder) if one.split == "val"]
    places = np.linspace(0, len(photos) - 1, min(2 * asked.people, len(photos))).round()
    photos = [photos[int(at)] for at in places]
    sources, _ = find_sources(photos, folder, None, lambda line: None)
    some = [one for one in sources if abs(head_pose(one.landmarks).yaw) < LARGEST]
    networks = EditNetworks(EditSettings(parse_target("neutral:0")))
    found = {"like": like, "follow": follow}[asked.what](networks, some[: asked.people])
    for name, values in found.items():
        people = np.arange(len(values))
        column = np.array(values)
        mean = over_people(
            people, lambda weight, column=column: np.array([np.average(column, weights=weight)])
        )
        print(f"{name}: " + "{:.3f} ({:.3f} to {:.3f})".format(*mean[0]) + f", {len(values)}")


if __name__ == "__main__":
    main()
