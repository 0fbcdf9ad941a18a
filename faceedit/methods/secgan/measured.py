"""What was measured on labelled portraits, and its form in a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.compose.hair.colour import KNOTS, Tones
from faceedit.faces.topology import mean_shape
from faceedit.methods.fields.shade_layer import ATLAS_SIZE
from faceedit.methods.secgan import HAIR_COLOURS
from faceedit.methods.secgan.face import Difference
from faceedit.methods.secgan.skin import Complexion

SKIN = {True: "pale_skin=on", False: "pale_skin=off"}
"""Names of the tones of skin."""
DIFFERENCES = {"young": "age", "male": "sex"}
"""Names of the differences of faces by attribute; those of their shapes end in ``_shape``."""
MIXED = 0.1
"""`Tones.mixed` of grey hair, which no median of pixels tells."""
UNCOVER, HAIR = "uncover", "hair"
"""Networks whose tensors lie in the same file; their names begin with these and a full stop."""


@dataclass(frozen=True)
class Measured:
    """What the method knows of people.

    Attributes:
        hair: tones of it, by attribute.
        skin: its tones, pale and not.
        faces: old people's less young people's, and men's less women's, by attribute.
    """

    hair: Mapping[str, Tones]
    skin: Mapping[bool, Complexion]
    faces: Mapping[str, Difference]


def pack(measured: Measured) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint."""
    rows: dict[str, tuple] = {
        name: (tones.level, [tones.per_skin], tones.gains, tones.chroma.ravel())
        for name, tones in measured.hair.items()
    }
    for on, name in SKIN.items():
        one = measured.skin[on]
        rows[name] = ([one.level, one.per_light], one.chroma, one.gains)
    tensors = {
        name: torch.from_numpy(np.concatenate([np.asarray(p, np.float32) for p in parts]))
        for name, parts in rows.items()
    }
    for attribute, name in DIFFERENCES.items():
        tensors[name] = torch.from_numpy(measured.faces[attribute].shade).half()
        tensors[f"{name}_shape"] = torch.from_numpy(measured.faces[attribute].shape).half()
    return tensors


def unpack(tensors: Mapping[str, Tensor]) -> Measured:
    """Read the tensors of a checkpoint.

    Raises:
        KeyError, ValueError: one is missing, or has another number of numbers.
    """
    hair = {name: _tones(_row(tensors, name, 6 + 2 * len(KNOTS))) for name in HAIR_COLOURS}
    hair["grey_hair"] = replace(hair["grey_hair"], mixed=MIXED)
    skin = {on: _complexion(_row(tensors, name, 6)) for on, name in SKIN.items()}
    faces = {one: _difference(tensors, name) for one, name in DIFFERENCES.items()}
    return Measured(hair, skin, faces)


def pack_network(network: nn.Module, name: str) -> dict[str, Tensor]:
    """Return the tensors of a network in half precision, as they lie in a checkpoint."""
    return {
        f"{name}.{key}": value.half() if value.is_floating_point() else value
        for key, value in network.state_dict().items()
    }


def own_tensors(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Return the tensors of a network in a checkpoint, by the names that it knows."""
    start = f"{name}."
    return {k.removeprefix(start): one for k, one in tensors.items() if k.startswith(start)}


def _difference(tensors: Mapping[str, Tensor], name: str) -> Difference:
    shade, shape = (tensors[one].float().numpy() for one in (name, f"{name}_shape"))
    if shade.shape != (ATLAS_SIZE, ATLAS_SIZE, 3) or shape.shape != mean_shape().shape:
        raise ValueError(f"{name} has the shapes {shade.shape} and {shape.shape}")
    return Difference(shade, shape)


def _row(tensors: Mapping[str, Tensor], name: str, count: int) -> np.ndarray:
    numbers = tensors[name].float().numpy()
    if numbers.shape != (count,):
        raise ValueError(f"{name} has {count} numbers, not {numbers.shape}")
    return numbers


def _tones(row: np.ndarray) -> Tones:
    level, (per_skin, *gains), chroma = np.split(row, (3, 6))
    return Tones(level, float(per_skin), chroma.reshape(-1, 2), (float(gains[0]), float(gains[1])))


def _complexion(row: np.ndarray) -> Complexion:
    level, per_light, *rest = row.tolist()
    return Complexion(level, per_light, np.array(rest[:2], np.float32), (rest[2], rest[3]))
