"""Training the ``fast`` profile: stage one, then the refinement network on known fields."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from faceedit.faces.align import Crop
from faceedit.faces.compose import compose
from faceedit.faces.mask import face_mask
from faceedit.methods.reggan.calibrate import FIELDS, calibrate
from faceedit.methods.reggan.field_losses import field_losses
from faceedit.methods.reggan.generator import CROP_SIZE, WORKING_SIZE, FieldGenerator
from faceedit.methods.reggan.material import MARGIN, AlignedFace, pair_people
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.prior import MODES
from faceedit.methods.reggan.recipe import FastRecipe
from faceedit.methods.reggan.run import SAVE_SECONDS, Run
from faceedit.methods.reggan.samples import NEUTRAL, Material, SampleOptions, Samples
from faceedit.methods.reggan.stage_one import Measured, fit_expression_layer, measure
from faceedit.registry import write_checkpoint
from faceedit.targets import Expression, Target
from faceedit.training.sheets import write_sheet
from faceedit.training.state import Average, load_state, save_state

MEASURED = "measured.npz"
CHECKPOINT = "reggan-fast.safetensors"
SHEET_FACES = 8


def train_fast(faces: list[AlignedFace], expression: str, recipe: FastRecipe, run: Run) -> Path:
    """Train and return the checkpoint, which `method.load` reads.

    Args:
        faces: aligned, with labels; pairs are found among them.
        expression: the target beside neutral.
        recipe: hyper-parameters.
        run: where and for how long.
    """
    torch.manual_seed(run.seed)
    train = [f for f in faces if f.photo.split == "train"]
    pairs = pair_people(train, expression)
    targets = (NEUTRAL, expression)
    measured_path = run.folder / MEASURED
    resume = run.begin() and measured_path.is_file()

    generator = FieldGenerator(targets, MODES)
    if resume:
        measured = Measured.load(measured_path)
    else:
        started = time.perf_counter()
        measured = measure(train, pairs, expression, recipe.style_gap)
        measured.save(measured_path)
        for index, target in enumerate(targets):
            layer = fit_expression_layer(
                pairs, WORKING_SIZE, recipe.stage_one, target == NEUTRAL, run.seed
            )
            generator.expression_layers[index].load_state_dict(layer.state_dict())
        run.tell(f"stage one: {len(pairs)} pairs, {time.perf_counter() - started:.0f} s")
    generator.to(run.device)
    generator.refinement.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = torch.optim.Adam(
        generator.parameters(), lr=recipe.learning_rate, betas=recipe.betas
    )
    average = Average(generator, FieldGenerator(targets, MODES).to(run.device))
    modules: dict[str, nn.Module] = {"generator": generator, "average": average.average}
    step = 0
    if resume:
        notes = load_state(run.state, modules, {"generator": optimiser})
        run.check_targets(notes, targets)
        step = notes["step"]

    def save(step: int) -> None:
        notes = {"step": step, "targets": targets}
        save_state(run.state, modules, {"generator": optimiser}, notes)
        calibration = calibrate(average.average, material, run.device)
        export(run.folder / CHECKPOINT, average.average, measured, calibration, recipe, step)

    material = Material(train, pairs, expression, measured.prior, measured.tooth_weights, targets)
    batches = _batches(material, recipe, run, step)
    shown = [f for f in faces if f.photo.split == "val"] or train
    spread = np.linspace(0, len(shown) - 1, min(SHEET_FACES, len(shown)))
    shown = [shown[i] for i in spread.astype(int)]
    epoch = max(1, len(train) // recipe.batch_size)
    started = saved = time.perf_counter()
    while step < recipe.steps and time.perf_counter() - started < run.max_seconds:
        terms = field_step(generator, optimiser, next(batches), recipe, step, run.device)
        average.update(step)
        step += 1
        if step % 10 == 0 or step == 1:
            run.log(step, terms, time.perf_counter() - started)
        if step % epoch == 0:
            sheet = run.folder / f"sheet-{step:06d}.jpg"
            write_sample_sheet(sheet, average.average, measured, shown, expression)
        if time.perf_counter() - saved > SAVE_SECONDS:
            save(step)
            saved = time.perf_counter()
    save(step)
    write_sample_sheet(run.folder / "sheet-last.jpg", average.average, measured, shown, expression)
    return run.folder / CHECKPOINT


def export(
    path: Path,
    generator: FieldGenerator,
    measured: Measured,
    calibration: Tensor,
    recipe: FastRecipe,
    step: int,
) -> str:
    """Write the weights that edit photos, in half precision.

    Args:
        path: the file.
        generator: trained.
        measured: styles and textures come from it.
        calibration: (targets, 2) of `calibrate.calibrate`.
        recipe: kept in the metadata.
        step: likewise.

    Returns:
        The file's sha256.
    """
    tensors = {k: v.detach().cpu() for k, v in generator.state_dict().items()}
    tensors |= {
        "styles": _styles(generator, measured),
        "calibration": calibration,
        "textures": torch.from_numpy(measured.textures),
        "texture_half_width": torch.from_numpy(measured.texture_half_width),
    }
    halves = {
        k: v.half().contiguous() if v.is_floating_point() else v.contiguous()
        for k, v in tensors.items()
    }
    return write_checkpoint(
        path,
        halves,
        method="reggan",
        profile="fast",
        architecture=generator.architecture(),
        metadata={"recipe": json.dumps(asdict(recipe)), "step": str(step)},
    )


def write_sample_sheet(
    path: Path,
    generator: FieldGenerator,
    measured: Measured,
    faces: list[AlignedFace],
    expression: str,
) -> None:
    """Draw some faces through the network as photos would be."""
    training = generator.training
    flags = [p.requires_grad for p in generator.parameters()]
    method = RegGAN(
        generator,
        _styles(generator, measured),
        torch.ones(len(generator.targets), len(FIELDS)),
        measured.textures,
        measured.texture_half_width,
    )
    asked = [(NEUTRAL, 1.0), (expression, 0.5), (expression, 1.0), (expression, 1.5)]
    rows = []
    for face in faces:
        pixels = np.ascontiguousarray(face.pixels[MARGIN:-MARGIN, MARGIN:-MARGIN])
        landmarks = face.landmarks - np.array([MARGIN, MARGIN, 0], np.float32)
        crop = Crop(pixels.astype(np.float32) / 255.0, landmarks, np.eye(2, 3))
        mask = face_mask(landmarks, CROP_SIZE)
        row = [pixels]
        for name, strength in asked:
            edit = method.edit([crop], Target((Expression(name, strength),)))[0]
            row.append(compose(pixels, edit, crop.affine, mask))
        rows.append(row)
    write_sheet(path, rows, ["input", *(f"{name} {strength:g}" for name, strength in asked)])
    generator.train(training)
    for parameter, flag in zip(generator.parameters(), flags, strict=True):
        parameter.requires_grad_(flag)


def _styles(generator: FieldGenerator, measured: Measured) -> Tensor:
    """Return the (targets, MODES) style codes; neutral, the first target, has none."""
    styles = np.zeros((len(generator.targets), MODES))
    styles[1:] = measured.prior.style
    return torch.from_numpy(styles).float()


def _batches(
    material: Material, recipe: FastRecipe, run: Run, step: int
) -> Iterator[dict[str, Tensor]]:
    """Load batches from the `step`-th on."""
    samples = Samples(material, run.seed, SampleOptions(pair_share=recipe.pair_share))
    loader = DataLoader(
        samples,
        batch_size=recipe.batch_size,
        sampler=range(step * recipe.batch_size, recipe.steps * recipe.batch_size),
        num_workers=run.workers,
        worker_init_fn=_use_one_thread,
        # cv2's threads do not survive a fork.
        multiprocessing_context="spawn" if run.workers else None,
    )
    return iter(loader)


def _use_one_thread(worker: int) -> None:
    cv2.setNumThreads(1)


def field_step(
    generator: FieldGenerator,
    optimiser: torch.optim.Optimizer,
    batch: dict[str, Tensor],
    recipe: FastRecipe,
    step: int,
    device: torch.device,
) -> dict[str, Tensor]:
    """Make one step of descent.

    Args:
        generator: on `device`.
        optimiser: of its parameters.
        batch: of `samples.Samples`, stacked.
        recipe: learning rate and weights.
        step: number of steps made before.
        device: of the networks.

    Returns:
        The terms of `field_losses`, scalars.
    """
    rise = min(1.0, (step + 1) / recipe.warm_up)
    fall = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / recipe.steps))
    for group in optimiser.param_groups:
        group["lr"] = recipe.learning_rate * rise * fall
    batch = {k: v.to(device, non_blocking=True) for k, v in batch.items()}
    generator.train()
    with torch.autocast(device.type, torch.bfloat16):
        fields = generator(batch["crop"], batch["maps"], batch["strengths"], batch["code"])
    terms = field_losses(fields, batch, recipe.weights)
    optimiser.zero_grad(set_to_none=True)
    terms["total"].backward()
    torch.nn.utils.clip_grad_norm_(generator.parameters(), recipe.largest_gradient)
    optimiser.step()
    return terms
