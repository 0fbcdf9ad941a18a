"""A trained ``fast`` profile as a checkpoint, and as pictures."""

from pathlib import Path

import numpy as np
import torch

from faceedit.faces.align import Crop
from faceedit.methods.base import edit_crop
from faceedit.methods.reggan.generator import FieldGenerator
from faceedit.methods.reggan.method import RegGAN
from faceedit.registry import write_checkpoint
from faceedit.targets import EXPRESSIONS, Expression, Target


def export_fast(
    path: Path, generator: FieldGenerator, textures: np.ndarray, about: dict[str, str]
) -> Path:
    """Write the weights that edit photos, in half precision.

    Args:
        path: the file.
        generator: trained.
        textures: of `teeth.pack_textures`.
        about: kept in the metadata.
    """
    tensors = {k: v.detach().cpu() for k, v in generator.state_dict().items()}
    tensors["textures"] = torch.from_numpy(textures)
    write_checkpoint(
        path,
        {
            k: v.half().contiguous() if v.is_floating_point() else v.contiguous()
            for k, v in tensors.items()
        },
        method=RegGAN.name,
        profile=RegGAN.profile,
        architecture=generator.architecture(),
        metadata=about,
    )
    return path


def sheet_row(method: RegGAN, pixels: np.ndarray, landmarks: np.ndarray) -> list[np.ndarray]:
    """Return a crop and what the method makes of it for every target, uint8 each."""
    picture = np.ascontiguousarray(pixels)
    crop = Crop(picture.astype(np.float32) / 255, np.array(landmarks), np.eye(2, 3))
    targets = (Target((Expression(name, 1.0),)) for name in EXPRESSIONS)
    return [picture, *(edit_crop(method, picture, crop, target) for target in targets)]
