"""Beards and moustaches, as details of an edit."""

import cv2
import numpy as np

from faceedit.compose.growth.beard import beard_map, grid_places, grow, moustache_map
from faceedit.compose.growth.draw import Growth, Hairs
from faceedit.compose.hair.colour import Tones
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import EYES, INNER_LIPS, N_SURFACE, OUTER_LIPS, mean_shape
from faceedit.methods.secgan.look import SIZE, SURE, Scene
from faceedit.methods.secgan.scalp import disc
from faceedit.regions import Region
from faceedit.targets import AttributeChange
from faceedit.tones import LUMA

COUNT = 28000
"""Hairs on a face that a beard covers all over."""
LENGTH = {"beard": 0.125, "moustache": 0.085}
"""Of the longest hairs, in eye distances."""
WIDTH = (0.0011, 0.0021)
"""Of hairs and tufts, in eye distances."""
UNEVEN, TUFTS = 0.26, 0.16
"""Spread of the log brightness of neighbouring hairs, and of tufts."""
DEEP = ((0.15, 0.55), (0.72, 0.95))
"""Brightness of a beard's hairs beside that of the head's, which lie in more light, by its luma."""
SHADE = 0.66
"""Opacity of what roots give to the skin below a full beard."""
PALE = 0.85
"""Of the skin's L*; hair that is lighter says nothing of brows, nor they of it."""
OF_BROWS, GREYING = 0.35, 1.8
"""How far the colour is that of brows where hair's is known, and times as light as brows are from
which on hair has lost its colour, as beards do before brows."""
DARKEST = (15.0, 3.0, 4.0)
"""CIE Lab of hair where a photo shows none."""
NATURAL = ((-3.0, 26.0), (-4.0, 45.0))
"""a* and b* of hair that is not dyed."""
PINK, DULL = 0.6, 8.0
"""b* over a* below which hair is dyed, and a* up to which it has no hue to tell that by."""
VIVID = (14.0, 12.0)
"""Chroma of beards that is the head's, and by how much it goes beyond that at most."""
BROWN = 0.4
"""Least a* of beards over b*: fair hair in the shade is brown, not olive."""
LIGHTEST = ((5.0, 11.0), (1.2, 0.66))
"""L* of a beard at most, of the skin's, by its chroma: white ones shine, fair ones lie in their own
shade."""
AROUND = 0.11
"""Eye distances over which light is even."""
BEYOND = 0.1
"""Eye distances that hairs reach beyond the face's lower edge."""
CORNERS = (61, 291)
"""Mesh points: the mouth's."""
FEWEST = 40
"""Pixels below which a part tells no colour."""
SEEN = (Region.SKIN, Region.NOSE, Region.LIPS, Region.MOUTH, Region.HAIR, Region.NECK)
"""Segments that hairs may lie on; what stands before a face is none of them."""


def grow_beard(
    scene: Scene,
    change: AttributeChange,
    dye: tuple[Tones, float] | None = None,
    seed: int | None = None,
) -> Growth | None:
    """Return a beard, or a moustache alone.

    Args:
        scene: the person.
        change: what is to grow.
        dye: tones that the person's hair is given, and how far.
        seed: of what is by chance; None takes the person's own.
    """
    seed = scene.seed if seed is None else seed
    density = moustache_map()
    if change.attribute == "beard":
        # Who has a moustache keeps it.
        own = scene.logit("moustache") > SURE
        density = beard_map() * (1 - density) if own else np.maximum(beard_map(), density)
    points = scene.crop.landmarks
    length = LENGTH[change.attribute]
    curves, tufts = grow(density, points, COUNT, length, seed)
    if not len(curves):
        return None
    colour, light = deep_rgb(scene, dye), light_on(scene)
    draw = np.random.default_rng(seed + 1)
    at = np.clip(np.round(curves[:, 0]).astype(int), 0, SIZE - 1)
    uneven = draw.normal(0, UNEVEN, len(curves))
    uneven += draw.normal(0, TUFTS, int(tufts.max()) + 1)[tufts]
    factor = np.exp(uneven) * light[at[:, 1], at[:, 0]]
    # What lies on top catches the light.
    order = np.argsort(factor + draw.normal(0, 0.25, len(curves)))
    hairs = Hairs(
        curves[order],
        np.clip(colour * factor[order, None], 0, 1).astype(np.float32),
        draw.uniform(*WIDTH, len(curves)).astype(np.float32),
    )
    return Growth(
        hairs=hairs,
        roots=np.float32(SHADE) * on_face(density, points),
        allowed=allowed(scene),
        colour=np.clip(light[..., None] * colour * 0.9, 0, 1).astype(np.float32),
        size=SIZE,
        unit=scene.unit,
        strength=change.strength,
    )


def deep_rgb(scene: Scene, dye: tuple[Tones, float] | None = None) -> np.ndarray:
    """Return the colour of hairs that lie in less light than most hair, see `hair_rgb`."""
    lab = cv2.cvtColor(hair_rgb(scene, dye).reshape(1, 1, 3), cv2.COLOR_RGB2LAB)
    chroma = float(np.linalg.norm(lab[..., 1:]))
    lab[..., 1] = np.maximum(lab[..., 1], BROWN * lab[..., 2])
    most = scene.skin_light * np.float32(np.interp(chroma, *LIGHTEST))
    lab[..., 0] = np.minimum(lab[..., 0], most)
    if chroma > VIVID[0]:
        kept = VIVID[0] + VIVID[1] * np.tanh((chroma - VIVID[0]) / VIVID[1])
        lab[..., 1:] *= np.float32(kept / chroma)
    colour = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)[0, 0], 0, 1)
    return colour * np.float32(np.interp(float(colour @ LUMA), *DEEP))


def hair_rgb(scene: Scene, dye: tuple[Tones, float] | None = None) -> np.ndarray:
    """Return the colour of a person's hair, (3,) RGB in [0, 1]: of the head and the brows.

    Args:
        scene: the person.
        dye: tones that it is given, and how far.
    """
    hair, brows = scene.hair > 0.8, scene.placed(Region.BROWS) > 0.8
    tones = []
    if hair.sum() >= FEWEST:
        tone = np.median(scene.lab[hair], axis=0)
        usual = all(low < one < high for one, (low, high) in zip(tone[1:], NATURAL, strict=True))
        if usual and (tone[1] < DULL or tone[2] > PINK * tone[1]):
            tones.append(tone)
    if brows.sum() >= FEWEST and not (tones and tones[0][0] > PALE * scene.skin_light):
        # Between hairs of a brow skin shows; the darker half is of hair.
        lab = scene.lab[brows]
        tones.append(np.median(lab[lab[:, 0] <= np.median(lab[:, 0])], axis=0))
    lab = tones[0] if tones else np.array(DARKEST)
    if len(tones) > 1:
        share = OF_BROWS if tones[0][0] < GREYING * tones[1][0] else OF_BROWS / 3
        lab = tones[0] + share * (tones[1] - tones[0])
    if dye is not None:
        wanted, share = dye
        lab = lab + share * (wanted.beside(scene.skin_light).middle() - lab)
    return cv2.cvtColor(lab.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_LAB2RGB)[0, 0]


def light_on(scene: Scene) -> np.ndarray:
    """Return how bright light on the face is, 1 in the middle of its range: (S, S) float32."""
    points = scene.crop.landmarks
    skin = rasterize_mesh(points[:N_SURFACE], (SIZE, SIZE)).inside.astype(np.float32)
    for ring in (*EYES, OUTER_LIPS):
        skin *= 1 - fill_polygon(points[list(ring), :2].astype(np.float64), (SIZE, SIZE))
    luma = scene.crop.pixels @ LUMA
    sigma = AROUND * scene.unit
    weight = cv2.GaussianBlur(skin, (0, 0), sigma) + np.float32(1e-4)
    even = cv2.GaussianBlur(luma * skin, (0, 0), sigma) / weight
    known = even[skin > 0.5]
    middle = float(np.median(known)) if len(known) else 0.5
    return np.clip(even / max(middle, 1e-3), 0.3, 1.5).astype(np.float32)


def on_face(density: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return a map of the mean face drawn on a face, (S, S) float32."""
    raster = rasterize_mesh(points[:N_SURFACE], (SIZE, SIZE))
    places = grid_places(raster.interpolate(mean_shape()[:N_SURFACE, :2]))
    drawn = (
        cv2.remap(density.astype(np.float32), places[..., 0], places[..., 1], cv2.INTER_LINEAR)
        * raster.inside
    )
    # The mesh's edge is no edge of the skin.
    return cv2.GaussianBlur(drawn, (0, 0), 1.0)


def allowed(scene: Scene) -> np.ndarray:
    """Return where hairs may lie: on the face, and a little beyond its lower edge."""
    points = scene.crop.landmarks
    inside = rasterize_mesh(points[:N_SURFACE], (SIZE, SIZE)).inside.astype(np.uint8)
    wider = cv2.dilate(inside, disc(BEYOND * scene.unit))
    # At the sides walls and ears lie beyond the face; below it hair hangs before all there is.
    seen = np.clip(1.6 * scene.seen(SEEN), 0, 1) * np.clip(1.5 * scene.person, 0, 1)
    whole = np.where(inside > 0, seen, wider * scene.below(CORNERS, 0.3))
    whole = cv2.GaussianBlur(whole.astype(np.float32), (0, 0), 0.02 * scene.unit)
    for ring, share in ((OUTER_LIPS, 0.75), (INNER_LIPS, 1.0)):
        lips = fill_polygon(points[list(ring), :2].astype(np.float64), (SIZE, SIZE))
        whole = whole * (1 - share * lips)
    # A tongue lies before a chin.
    mouth = scene.seen((Region.LIPS, Region.MOUTH)) * scene.below(CORNERS, 0.1)
    whole = whole * (1 - np.clip(2 * mouth - 0.5, 0, 1))
    return np.clip(whole, 0, 1).astype(np.float32)
