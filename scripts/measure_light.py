"""How near relit people come to what the studio makes of them, on people that no training saw.

    python scripts/measure_light.py made RELIEFS [--weights FILE] [--sheet FILE]
    python scripts/measure_light.py real DATA [--weights FILE]
    python scripts/measure_light.py several DATA [--weights FILE] [--people N]

`made`: RELIEFS is a folder of ``faceedit studio reliefs``. Photos are put into the lights of their
other pictures, and pictures in one light into another's. Inside the person, where light does not
fade towards the crop's edges: structural similarity to the true picture, and the error of the log
ratio over that of a copy, also with both at the exposure that suits them best. Intervals are of
95%.

`real`: photos of DATA are lit from the left and from the right, at their own resolution. How often
that turns the ratio of the cheeks' brightness round, what changes behind the person, and how like
the person stays, by groups of how light the skin is; and how far a photo that is put into the light
that is read off itself is from the photo, inside the person.

`several`: three people side by side in one photo, lit by one command: the angles between the lights
that `legan` reads off their faces, before and after. What it says of light is off by about 25
degrees itself, and it tells directions in steps of 10.
"""

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageOps
from skimage.metrics import structural_similarity

from faceedit.compose.compose import compose_steps
from faceedit.compose.edit import Edit
from faceedit.compose.light.skin import bare_skin
from faceedit.compose.mask import draw_mask, in_frame, region_mask
from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.faces.align import BLANK, Crop, extract_crop
from faceedit.lights import FLAT, LIGHTS, Light
from faceedit.methods.legan.light_network import Surface
from faceedit.methods.legan.method import LEGAN
from faceedit.methods.legan.read_light import read_light
from faceedit.methods.legan.relight import as_light, reach, relight
from faceedit.photos import read_photo
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.registry import load_checkpoint, open_registry
from faceedit.studio.reliefs import ReliefTable, from_row
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.targets import parse_target
from faceedit.training.recognisers.scores import over_people

CHEEKS = (50, 280)
"""Mesh points on the picture's left cheek and on the right one."""
TOGETHER, SIDE = 3, 512
"""People to a photo, and pixels of each one's square."""
ALIKE = 30.0
"""Degrees between lights that count as one: as far as two readings may be off."""
SHOWN_LIGHTS = ("left", "right", "top_left")
DARKEST = 0.03
"""Added to display values before the logarithm."""


def main() -> None:
    """Load, measure and print."""
    parser = argparse.ArgumentParser(description="Measure edits of light.")
    parser.add_argument("what", choices=("made", "real", "several"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args()
    if asked.weights is None:
        checkpoint = open_registry(None).open_method("legan")
    else:
        checkpoint = load_checkpoint(asked.weights)
    method = LEGAN.load(checkpoint, torch.device("cpu"))
    if asked.what == "made":
        made_pictures(method, asked)
    elif asked.what == "real":
        real_photos(method, asked.data, asked.people)
    else:
        several_faces(method, asked)


def made_pictures(method: LEGAN, asked: argparse.Namespace) -> None:
    """Compare with the true pictures of the studio."""
    table = read_unseen(asked.data)
    rows: dict[str, list] = {}
    people: dict[str, list[int]] = {}
    drawn = []
    for kind, start, end in pairs(table):
        if table.photo[start] in sorted(set(table.photo))[asked.people :]:
            continue
        made = relit(method, table, start, from_row(table.light[end]))
        wanted = table.pictures[end]
        inside = (table.matte[end] > 200) & (cv2.resize(table.valid[end], (256, 256)) > 0)
        inside &= reach(256)[..., 0] > 0.99
        rows.setdefault(kind, []).append(scores(table.pictures[start], made, wanted, inside))
        people.setdefault(kind, []).append(int(table.photo[start]))
        drawn.append(np.hstack([table.pictures[start], made, wanted]))
    for kind, found in rows.items():
        values, who = np.array(found), np.array(people[kind])

        def means(weights: np.ndarray, values: np.ndarray = values) -> np.ndarray:
            mean = (weights[:, None] * values).sum(0) / weights.sum()
            return np.array([mean[0], mean[1], mean[2] / mean[3], mean[4] / mean[5]])

        names = ("SSIM", "SSIM of a copy", "error over a copy's", "that at one exposure")
        said = [
            f"{name} {row[0]:.3f} ({row[1]:.3f} to {row[2]:.3f})"
            for name, row in zip(names, over_people(who, means), strict=True)
        ]
        print(f"{kind}, {len(values)} edits: {', '.join(said)}")
    if asked.sheet:
        chosen = [drawn[i] for i in np.linspace(0, len(drawn) - 1, 24).astype(int)]
        sheet = np.vstack([np.hstack(chosen[i : i + 3]) for i in range(0, 24, 3)])
        Image.fromarray(sheet).save(asked.sheet)


def real_photos(method: LEGAN, data: Path, people: int) -> None:
    """Light photos from both sides."""
    identity = IdentityRecogniser.load(open_registry(None).checkpoint("identity"))
    found = []
    for source in unseen(data)[:people]:
        pixels = read_photo(source.photo.path).pixels
        crop = extract_crop(pixels, source.landmarks, 256, wide=True)
        view = extract_crop(pixels, source.landmarks, 128, wide=True).wide
        surface = Surface(*(part[0] for part in method.look([view])))
        sides, likeness, outside = [], [], 0
        for light in (LIGHTS["left"], LIGHTS["right"]):
            lit, weight = lit_photo(pixels, crop, view, relight(view, surface, light, 1.0))
            after = extract_crop(lit, source.landmarks, 256)
            sides.append(cheeks(after))
            a, b = (one.vector for one in identity.read([crop, after]))
            likeness.append(float(a @ b))
            outside += int((lit != pixels).any(-1)[weight == 0].sum())
        own = as_light(read_light(view, surface))
        lit, _ = lit_photo(pixels, crop, view, relight(view, surface, own, 1.0))
        off = np.abs(extract_crop(lit, source.landmarks, 256).pixels - crop.pixels)
        back = 255 * float(off[bare_skin(crop.landmarks, crop.size)].mean())
        tone = float(np.median(crop.pixels[110:150, 90:166].mean(2)))
        found.append((sides[0] > 1 > sides[1], min(likeness), outside, back, tone))
    flips, likeness, outside, back, tone = np.array(found, float).T
    edges = np.quantile(tone, [0, 1 / 3, 2 / 3, 1])
    groups = {"all": tone > -1, "dark": tone <= edges[1], "light": tone > edges[2]}
    groups["medium"] = ~groups["dark"] & ~groups["light"]
    for name, chosen in groups.items():
        print(
            f"{name}, {chosen.sum()} photos: cheeks turn round {flips[chosen].mean():.1%}, "
            f"cosine {likeness[chosen].mean():.3f}, least {likeness[chosen].min():.3f}, "
            f"pixels changed outside {outside[chosen].sum():.0f}, in its own light off by "
            f"{back[chosen].mean():.1f} of 255 on bare skin"
        )


def unseen(data: Path) -> list[SourcePhoto]:
    """Return photos of people whom no training saw, with their landmarks."""
    photos = [p for p in list_photos(data / "portraits") if p.split == "val"]
    return find_sources(photos, data / "portraits", None, lambda line: None)[0]


def several_faces(method: LEGAN, asked: argparse.Namespace) -> None:
    """Light photos of three people each."""
    photos = [p.path for p in list_photos(asked.data / "portraits") if p.split == "val"]
    networks = EditNetworks(EditSettings(parse_target("light=left"), weights=asked.weights))
    rows: dict[str, list[list[float]]] = {}
    for trio in zip(*[iter(photos[: asked.people])] * TOGETHER, strict=False):
        cells = [ImageOps.fit(Image.fromarray(read_photo(p).pixels), (SIDE, SIDE)) for p in trio]
        photo = np.hstack([np.asarray(cell) for cell in cells])
        for name in (None, *SHOWN_LIGHTS):
            target = parse_target(f"light={name or 'left'}")
            editor = networks.editor(target)
            lit = editor.edit_pixels(photo, target).pixels if name else photo
            faces = editor.find(photo)
            if len(faces) != TOGETHER:
                break
            views = [extract_crop(lit, face.landmarks, 128, wide=True).wide for face in faces]
            lights = [as_light(method.read_light(view)) for view in views]
            rows.setdefault(name or "before", []).append(apart([*lights, LIGHTS[name or "left"]]))
    for name, angles in rows.items():
        between, off = np.split(np.array(angles), [TOGETHER], axis=1)
        near = (between[np.isfinite(between)] <= ALIKE).mean()
        print(
            f"{name}, {len(angles)} photos of {TOGETHER}: faces apart by "
            f"{np.nanmedian(between):.0f} degrees in the median, {np.nanmean(between):.0f} in the "
            f"mean, at most {ALIKE:g} in {near:.0%}; off the light by {np.nanmedian(off):.0f}; no "
            f"direction in {np.isnan(off).mean():.0%} of faces"
        )


def apart(lights: list[Light]) -> list[float]:
    """Return angles between all pairs of faces' lights, then of each with the last; in degrees.

    NaN where a face shows no direction.
    """
    ways = [np.full(3, np.nan) if one == FLAT else np.array(one.direction) for one in lights]
    *faces, wanted = ways
    couples = [*itertools.combinations(faces, 2), *((face, wanted) for face in faces)]
    return [float(np.degrees(np.arccos(np.clip(a @ b, -1, 1)))) for a, b in couples]


def lit_photo(
    pixels: np.ndarray, crop: Crop, view: Crop, edit: Edit
) -> tuple[np.ndarray, np.ndarray]:
    """Return the edited photo, and how far each pixel may change."""
    seen = crop.wide
    steps = [(edit, region_mask(edit.region, seen.landmarks, seen.size))]
    lit = compose_steps(pixels, steps, crop.affine)
    mask, to_mask = in_frame(steps[0][1], seen.affine, edit.size)
    return lit, draw_mask(mask, to_mask, pixels.shape[:2])


def cheeks(crop: Crop) -> float:
    """Return how bright the picture's left cheek is over the right one."""
    means = []
    for point in CHEEKS:
        x, y = np.round(crop.landmarks[point, :2]).astype(int)
        means.append(float(crop.pixels[y - 6 : y + 7, x - 6 : x + 7].mean()))
    return means[0] / max(means[1], 1e-3)


def read_unseen(folder: Path) -> ReliefTable:
    """Return the pictures of validation people."""
    parts = []
    for file in sorted(folder.glob("reliefs-*.npz")):
        table = ReliefTable.load(file)
        parts.append({f.name: getattr(table, f.name)[table.validation] for f in fields(table)})
    return ReliefTable(**{name: np.concatenate([p[name] for p in parts]) for name in parts[0]})


def pairs(table: ReliefTable) -> Iterator[tuple[str, int, int]]:
    """Yield kinds of edit with the rows of the picture and of its true target."""
    for photo in sorted(set(table.photo.tolist())):
        own = np.flatnonzero((table.photo == photo) & (table.shown == 0)).tolist()
        lit = [row for row in own if np.isfinite(table.light[row, 0])]
        for end in lit:
            yield "photo to light", own[0], end
        for start, end in itertools.pairwise(lit):
            yield "light to light", start, end


def relit(method: LEGAN, table: ReliefTable, row: int, light: Light) -> np.ndarray:
    """Return a picture in another light, (256, 256, 3) uint8."""
    picture = table.pictures[row].astype(np.float32) / 255
    picture[cv2.resize(table.valid[row], (256, 256)) == 0] = BLANK
    crop = Crop(picture, table.landmarks[row], np.eye(2, 3))
    (surface,) = [Surface(*(part[0] for part in method.look([crop])))]
    edit = relight(crop, surface, light, 1.0)
    assert edit.matte is not None
    return np.rint(
        255 * np.clip(crop.pixels * np.exp(edit.log_ratio * edit.matte[..., None]), 0, 1)
    ).astype(np.uint8)


def scores(
    before: np.ndarray, made: np.ndarray, wanted: np.ndarray, inside: np.ndarray
) -> list[float]:
    """Return SSIM of an edit and of a copy, the errors of both in log values, then at one exposure.

    Nothing in a photo says how bright it would be in even light: at one exposure, the median of the
    differences counts as none.
    """
    each = []
    for picture in (made, before):
        compared = structural_similarity(picture, wanted, channel_axis=2, full=True)
        each.append(float(np.asarray(compared[1])[inside].mean()))
    logs = [np.log(one[inside] / 255 + DARKEST) for one in (made, before, wanted)]
    off = [one - logs[2] for one in logs[:2]]
    off += [one - np.median(one) for one in off]
    return [*each, *(float(np.abs(one).mean()) for one in off)]


if __name__ == "__main__":
    main()
