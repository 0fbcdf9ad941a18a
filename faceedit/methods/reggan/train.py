"""``faceedit train reggan``: from photos on disk to a checkpoint."""

from dataclasses import replace
from pathlib import Path

from faceedit.errors import PhotoError, UsageError
from faceedit.faces.build import MESH, build_finder
from faceedit.faces.finder import FindOptions
from faceedit.methods.reggan.material import AlignedFace, align_face
from faceedit.methods.reggan.prior import MODES
from faceedit.methods.reggan.recipe import FastRecipe, RegGANRecipe
from faceedit.methods.reggan.run import Run
from faceedit.methods.reggan.train_fast import train_fast
from faceedit.methods.reggan.train_paper import train_paper
from faceedit.nn.mesh_features import MeshFeatures
from faceedit.nn.perceptual import PerceptualLoss, Vgg19Features
from faceedit.photos import read_photo
from faceedit.photos.labelled import LabelledPhoto, read_labelled
from faceedit.registry import Registry, open_registry

PROFILES = ("fast", "paper")
FEWEST_PAIRS = MODES + 2


def train_reggan(
    data: Path,
    expression: str,
    profile: str,
    run: Run,
    steps: int | None = None,
    batch_size: int | None = None,
    vgg: Path | None = None,
) -> Path:
    """Train RegGAN and return the checkpoint.

    Args:
        data: as `training.labelled.read_labelled` takes it.
        expression: the target beside neutral.
        profile: ``fast`` or ``paper``.
        run: where and for how long.
        steps: updates (fast) or epochs (paper); None takes the recipe's.
        batch_size: None takes the recipe's.
        vgg: VGG-19 weights for Eq. 14; None compares features of the face mesh network.

    Raises:
        UsageError: there is no such profile, or the data holds too few people with both
            expressions.
    """
    if profile not in PROFILES:
        raise UsageError(f"unknown profile {profile!r}; known: {', '.join(PROFILES)}")
    if vgg is not None and profile != "paper":
        raise UsageError(f"VGG-19 is of no use to the {profile} profile")
    registry = open_registry()
    faces = _align(read_labelled(data), registry, run)
    train = [face.photo for face in faces if face.photo.split == "train"]
    both = {p.person for p in train if p.expression == "neutral"}
    both &= {p.person for p in train if p.expression == expression}
    if len(both) < FEWEST_PAIRS:
        raise UsageError(
            f"{data}: {len(both)} training people are there both neutral and {expression}; "
            f"{FEWEST_PAIRS} are the least"
        )
    if profile == "fast":
        recipe = FastRecipe()
        recipe = replace(
            recipe, steps=steps or recipe.steps, batch_size=batch_size or recipe.batch_size
        )
        return train_fast(faces, expression, recipe, run)
    paper = RegGANRecipe()
    paper = replace(paper, epochs=steps or paper.epochs, batch_size=batch_size or paper.batch_size)
    if vgg is not None:
        features = Vgg19Features.load(vgg)
    else:
        path = registry.find(MESH)
        features = MeshFeatures.load(path)
        run.tell("perceptual loss: features of the face mesh network; --vgg FILE for VGG-19")
    return train_paper(faces, expression, paper, run, PerceptualLoss(features.to(run.device)))


def _align(photos: list[LabelledPhoto], registry: Registry, run: Run) -> list[AlignedFace]:
    """Find and align the faces; tell which photos are left out."""
    finder = build_finder(registry, options=FindOptions(faces="largest"))
    faces = []
    for number, photo in enumerate(photos, 1):
        try:
            pixels = read_photo(photo.path).pixels
        except PhotoError as error:
            run.tell(f"left out: {error}")
            continue
        if pixels.dtype != "uint8":
            pixels = (pixels >> 8).astype("uint8")
        found = finder.find(pixels)
        if found:
            faces.append(align_face(photo, pixels, found[0].landmarks))
        else:
            run.tell(f"left out: {photo.path}: no face found")
        if number % 500 == 0:
            run.tell(f"aligned {number} of {len(photos)} photos")
    return faces
