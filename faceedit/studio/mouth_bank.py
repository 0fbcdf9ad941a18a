"""Mouths of real smiles to paint from: photos of teeth with the model's mouth laid on them."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from faceedit.compose.mouth.jaws import SmoothMap, edge_of_teeth, incisal_edge
from faceedit.outputs import REPLACE, write_atomic
from faceedit.studio.arrays import pack
from faceedit.studio.model import FaceModel, load_arrays
from faceedit.studio.teeth import MouthAnatomy
from faceedit.tones import LUMA

BANK_FILE = "teeth_bank.npz"
EDGE_REACH = 0.09
"""Of a patch's width: how far a person's teeth may end from where the model's do."""
BRIGHTNESS, WARMTH, SIZE, MIDLINE = (0.9, 1.06), (-0.04, 0.05), (0.95, 1.06), (-0.05, 0.05)
"""Ranges of what varies about a donor's teeth."""


@dataclass(frozen=True)
class MouthChoice:
    """Whose teeth are painted and how they differ from that person's.

    Attributes:
        donor: number in the bank.
        brightness: factor on the teeth's display luma.
        warmth: log ratio of red to green, and of green to blue, beyond the donor's.
        size: factor on the teeth.
        midline: shift of the teeth's midline to image-right, in cm.
    """

    donor: int
    brightness: float = 1.0
    warmth: float = 0.0
    size: float = 1.0
    midline: float = 0.0


@dataclass(frozen=True)
class Donor:
    """A real open mouth.

    Attributes:
        pixels: (H, W, 3) float32 RGB in [0, 1].
        alpha: (H, W) float32 in [0, 1], 1 well between the lips, soft.
        places: (M, 2) float32 patch pixels of the model's mouth vertices.
        nearest: (H, W) float32 depth of what the model shows at each pixel, cm.
        depth: (M,) float32 depth of the mouth vertices, cm.
        tone: display luma of the teeth in [0, 1].
        identity: of the person, as the bank names them.
    """

    pixels: np.ndarray
    alpha: np.ndarray
    places: np.ndarray
    nearest: np.ndarray
    depth: np.ndarray
    tone: float
    identity: str

    @cached_property
    def colour(self) -> np.ndarray:
        """The teeth's mean RGB over its luma, (3,) float32."""
        luma = self.pixels @ LUMA
        bright = (self.alpha > 0.8) & (luma > 0.9 * self.tone)
        mean = self.pixels[bright].mean(0) if bright.any() else np.ones(3, np.float32)
        return mean / max(float(mean @ LUMA), 1e-3)


@dataclass(frozen=True)
class MouthBank:
    """Donors, all on the same face model.

    Attributes:
        vertices: (M,) int32, the model's vertices behind the lips.
        donors: at least one.
    """

    vertices: np.ndarray
    donors: tuple[Donor, ...]
    _anatomy: list[MouthAnatomy] = field(default_factory=list, repr=False, compare=False)
    _plates: dict[int, "TeethPlate"] = field(default_factory=dict, repr=False, compare=False)

    def anatomy(self, model: FaceModel) -> MouthAnatomy:
        """Return where the model that the bank was made on has its teeth, worked out once."""
        if not self._anatomy or self._anatomy[0].model is not model:
            self._plates.clear()
            self._anatomy[:] = [MouthAnatomy(model)]
        return self._anatomy[0]

    def plate(self, number: int, model: FaceModel) -> "TeethPlate":
        """Return a donor's teeth as two plates, worked out once."""
        anatomy = self.anatomy(model)
        if number not in self._plates:
            order = np.full(len(model.neutral), -1)
            order[self.vertices] = np.arange(len(self.vertices))
            self._plates[number] = TeethPlate(self.donors[number], order, anatomy)
        return self._plates[number]


class TeethPlate:
    """A donor's photo parted along the lower edge of the upper teeth.

    Attributes:
        donor: the photo.
        upper, lower: (U, 2) and (L, 2) patch pixels of the front teeth's vertices, moved so that
            the model's edge of the upper teeth lies on the photo's.
        tone: display luma of the teeth.
        above: (H, W) float32 in [0, 1], pixels of the upper teeth and what is above them.
    """

    def __init__(self, donor: Donor, order: np.ndarray, anatomy: MouthAnatomy):
        self.donor = donor
        upper = donor.places[order[anatomy.upper]]
        lower = donor.places[order[anatomy.lower]]
        height, width = donor.alpha.shape
        luma = donor.pixels @ LUMA
        bright = np.percentile(luma[donor.alpha > 0.8], 92) if (donor.alpha > 0.8).any() else 0
        # Where lips or the dark take up much of the photo, the teeth are brighter than its tone.
        self.tone = max(donor.tone, 0.9 * float(bright))
        start = edge_of_teeth(upper, np.arange(width))
        edge = incisal_edge(luma, donor.alpha > 0.5, start, EDGE_REACH * width)
        middle = float(np.median(upper[:, 0]))
        central = np.abs(np.arange(width) - middle) < 0.12 * width
        drop = float(np.median((edge - start)[central])) if central.any() else 0.0
        fallen = np.array([0, drop], np.float32)
        self.upper, self.lower = upper + fallen, lower + fallen
        rows = np.arange(height, dtype=np.float32)[:, None]
        self.above = np.clip(edge[None] + 1.0 - rows, 0, 1).astype(np.float32)


def load_mouths(folder: Path) -> MouthBank:
    """Read the mouth bank of a rig; its pictures are BGR and its depths half floats.

    Raises:
        MissingError: it is not there.
    """
    arrays = load_arrays(folder / BANK_FILE)
    donors = []
    for k, name in enumerate(arrays["donor_ids"]):
        of = {key: arrays[f"don{k}_{key}"] for key in ("img", "alpha", "uv", "zb", "z", "teethlum")}
        donors.append(
            Donor(
                pixels=np.ascontiguousarray(of["img"][..., ::-1], np.float32) / 255,
                alpha=of["alpha"].astype(np.float32) / 255,
                places=of["uv"].astype(np.float32),
                nearest=of["zb"].astype(np.float32),
                depth=of["z"].astype(np.float32),
                tone=float(of["teethlum"]) / 255,
                identity=str(name),
            )
        )
    bank = MouthBank(arrays["mouth_vertex_ids"].astype(np.int32), tuple(donors))
    for donor in bank.donors:
        size, vertices = donor.alpha.shape, len(bank.vertices)
        fits = donor.pixels.shape == (*size, 3) and donor.nearest.shape == size
        if not fits or donor.places.shape != (vertices, 2) or donor.depth.shape != (vertices,):
            raise ValueError(f"the mouth of {donor.identity} has arrays of other sizes")
    return bank


def save_mouths(bank: MouthBank, folder: Path) -> None:
    """Write a bank as `load_mouths` reads it, in place of the one that is there."""
    arrays: dict[str, np.ndarray] = {
        "mouth_vertex_ids": bank.vertices.astype(np.int32),
        "donor_ids": np.array([d.identity for d in bank.donors]),
    }
    for k, donor in enumerate(bank.donors):
        arrays |= {
            f"don{k}_img": np.rint(donor.pixels[..., ::-1] * 255).astype(np.uint8),
            f"don{k}_alpha": np.rint(donor.alpha * 255).astype(np.uint8),
            f"don{k}_uv": donor.places.astype(np.float16),
            f"don{k}_zb": np.maximum(donor.nearest, -1e4).astype(np.float16),
            f"don{k}_z": donor.depth.astype(np.float16),
            f"don{k}_teethlum": np.array(donor.tone * 255),
        }
    write_atomic(folder / BANK_FILE, pack(arrays), REPLACE)


def draw_mouth_choice(rng: np.random.Generator, bank: MouthBank) -> MouthChoice:
    """Draw whose teeth to paint and how they vary."""
    return MouthChoice(
        donor=int(rng.integers(len(bank.donors))),
        brightness=float(rng.uniform(*BRIGHTNESS)),
        warmth=float(rng.uniform(*WARMTH)),
        size=float(rng.uniform(*SIZE)),
        midline=float(rng.uniform(*MIDLINE)),
    )


def plate_map(points: np.ndarray, plate: np.ndarray, choice: MouthChoice, scale: float):
    """Return the map from a crop's pixels to a donor's patch.

    Args:
        points: (U, 2) crop pixels of the front teeth.
        plate: (U, 2) patch pixels of the same.
        choice: size and midline of the teeth.
        scale: crop pixels per cm.
    """
    tip = np.array([np.median(points[:, 0]), points[:, 1].max()])
    varied = tip + (points - tip) * choice.size + (choice.midline * scale, 0)
    return SmoothMap(varied, plate)
