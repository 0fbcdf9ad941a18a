"""Training the ``paper`` profile: stage one, then G_R against three discriminators."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.methods.reggan.discriminator import PyramidDiscriminator
from faceedit.methods.reggan.generator import CROP_SIZE
from faceedit.methods.reggan.losses import discriminator_loss, generator_losses
from faceedit.methods.reggan.material import AlignedFace, AlignedPair, pair_people
from faceedit.methods.reggan.recipe import RegGANRecipe
from faceedit.methods.reggan.refinement import RefinementConfig
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.methods.reggan.run import SAVE_SECONDS, Run
from faceedit.methods.reggan.samples import NEUTRAL
from faceedit.methods.reggan.stage_one import fit_expression_layer, pair_images, to_signed
from faceedit.nn.perceptual import PerceptualLoss
from faceedit.registry import write_checkpoint
from faceedit.training.sheets import write_sheet
from faceedit.training.state import load_state, save_state

CHECKPOINT = "reggan-paper.safetensors"
SHEET_PEOPLE = 6


def train_paper(
    faces: list[AlignedFace],
    expression: str,
    recipe: RegGANRecipe,
    run: Run,
    perceptual: PerceptualLoss | None,
    config: RefinementConfig | None = None,
    size: int = CROP_SIZE,
) -> Path:
    """Train and return the checkpoint, which `method.load` reads.

    Args:
        faces: aligned, with labels; pairs are found among them.
        expression: the target beside neutral.
        recipe: hyper-parameters.
        run: where and for how long.
        perceptual: the loss of Eq. 14, None to go without.
        config: of the refinement network; None takes the paper's.
        size: side of the images in pixels.
    """
    torch.manual_seed(run.seed)
    pairs = pair_people([f for f in faces if f.photo.split == "train"], expression)
    shown = pair_people([f for f in faces if f.photo.split == "val"], expression) or pairs
    targets = (NEUTRAL, expression)
    resume = run.begin()

    generator = RgbGenerator(targets, size, config)
    if not resume:
        for index, target in enumerate(targets):
            layer = fit_expression_layer(pairs, size, recipe, target == NEUTRAL, run.seed)
            generator.expression_layers[index].load_state_dict(layer.state_dict())
        run.tell(f"stage one: {len(pairs)} pairs")
    generator.to(run.device)
    generator.refinement.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    discriminator = PyramidDiscriminator(
        width=recipe.discriminator_width,
        scales=recipe.discriminator_scales,
        spectral=recipe.spectral_norm,
    ).to(run.device)
    modules: dict[str, nn.Module] = {"generator": generator, "discriminator": discriminator}
    optimisers: dict[str, torch.optim.Optimizer] = {
        name: torch.optim.Adam(module.parameters(), lr=recipe.learning_rate, betas=recipe.betas)
        for name, module in modules.items()
    }
    step = 0
    if resume:
        notes = load_state(run.state, modules, optimisers)
        run.check_targets(notes, targets)
        step = notes["step"]

    def save(step: int) -> None:
        save_state(run.state, modules, optimisers, {"step": step, "targets": targets})
        export(run.folder / CHECKPOINT, generator, recipe, step)

    epoch = max(1, 2 * len(pairs) // recipe.batch_size)
    started = saved = time.perf_counter()
    while step < recipe.epochs * epoch and time.perf_counter() - started < run.max_seconds:
        # A batch depends on seed and step alone: a resumed run goes on as if it never stopped.
        rng = np.random.default_rng([run.seed, step])
        batch = draw_batch(rng, pairs, targets, recipe.batch_size, size)
        inputs, real, strengths = (tensor.to(run.device) for tensor in batch)
        terms = adversarial_step(
            generator, discriminator, optimisers, inputs, real, strengths, perceptual, recipe
        )
        step += 1
        if step % 10 == 0 or step == 1:
            run.log(step, terms, time.perf_counter() - started)
        if step % epoch == 0:
            _write_sheet(run.folder / f"sheet-{step:06d}.jpg", generator, shown)
        if time.perf_counter() - saved > SAVE_SECONDS:
            save(step)
            saved = time.perf_counter()
    save(step)
    _write_sheet(run.folder / "sheet-last.jpg", generator, shown)
    return run.folder / CHECKPOINT


def adversarial_step(
    generator: RgbGenerator,
    discriminator: PyramidDiscriminator,
    optimisers: dict[str, torch.optim.Optimizer],
    inputs: Tensor,
    real: Tensor,
    strengths: Tensor,
    perceptual: PerceptualLoss | None,
    recipe: RegGANRecipe,
) -> dict[str, Tensor]:
    """Update the discriminators once by Eq. 15 and the generator once by Eq. 10.

    Args:
        generator: G.
        discriminator: D_1 to D_3.
        optimisers: "generator" and "discriminator".
        inputs: (N, 3, S, S) photos in [-1, 1].
        real: (N, 3, S, S) their targets.
        strengths: (N, targets).
        perceptual: Eq. 14.
        recipe: the weights.

    Returns:
        The terms by name, scalars.
    """
    generator.train()
    discriminator.train()
    with torch.autocast(inputs.device.type, torch.bfloat16):
        fake = generator(inputs, strengths).float()
        wrong = discriminator_loss(discriminator(fake.detach()), discriminator(real))
    optimisers["discriminator"].zero_grad(set_to_none=True)
    wrong.backward()
    optimisers["discriminator"].step()
    with torch.autocast(inputs.device.type, torch.bfloat16):
        discriminator.requires_grad_(False)
        losses = generator_losses(
            fake, real, discriminator(fake), discriminator(real), perceptual, recipe.weights
        )
    optimisers["generator"].zero_grad(set_to_none=True)
    losses.total.backward()
    optimisers["generator"].step()
    discriminator.requires_grad_(True)
    return {
        "total": losses.total,
        "pixel": losses.pixel,
        "adversarial": losses.adversarial,
        "feature_matching": losses.feature_matching,
        "perceptual": losses.perceptual,
        "discriminator": wrong,
    }


def export(path: Path, generator: RgbGenerator, recipe: RegGANRecipe, step: int) -> str:
    """Write the weights in half precision and return their sha256."""
    tensors = {k: v.detach().cpu().contiguous() for k, v in generator.state_dict().items()}
    return write_checkpoint(
        path,
        {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()},
        method="reggan",
        profile="paper",
        architecture=generator.architecture(),
        metadata={"recipe": json.dumps(asdict(recipe)), "step": str(step)},
    )


def draw_batch(
    rng: np.random.Generator,
    pairs: list[AlignedPair],
    targets: tuple[str, ...],
    batch_size: int,
    size: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw pairs, either way, mirrored half of the time.

    Args:
        rng: what is random.
        pairs: of training people.
        targets: neutral and the pairs' expression, in the network's order.
        batch_size: N.
        size: side S of the images in pixels.

    Returns:
        Inputs and targets, (N, 3, S, S) in [-1, 1], and strengths, (N, targets).
    """
    inputs, real, strengths = [], [], []
    for _ in range(batch_size):
        target = int(rng.integers(len(targets)))
        pair = pairs[int(rng.integers(len(pairs)))]
        images = [to_signed(i, size) for i in pair_images(pair, targets[target] == NEUTRAL)]
        if rng.random() < 0.5:
            images = [image.flip(2) for image in images]
        inputs.append(images[0])
        real.append(images[1])
        strengths.append(torch.eye(len(targets))[target])
    return torch.stack(inputs), torch.stack(real), torch.stack(strengths)


@torch.no_grad()
def _write_sheet(path: Path, generator: RgbGenerator, pairs: list[AlignedPair]) -> None:
    """Draw input, x_E, x_R and the real photo of some people."""
    generator.eval()
    device = next(generator.parameters()).device
    rows = []
    for pair in pairs[:SHEET_PEOPLE]:
        given, real = (to_signed(i, generator.size) for i in pair_images(pair, False))
        x = given[None].to(device)
        strengths = torch.eye(len(generator.targets), device=device)[-1:]
        coarse, refined = generator.express(x, strengths)[0], generator(x, strengths)[0]
        row = [given, coarse.cpu(), refined.float().cpu(), real]
        rows.append([((p + 1) / 2).permute(1, 2, 0).numpy() for p in row])
    write_sheet(path, rows, ["input", "expression layer", "refined", "real"])
