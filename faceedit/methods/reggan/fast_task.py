"""Training the ``fast`` profile: layers in closed form, then the refinement network on fields."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.faces.compose import compose
from faceedit.faces.mask import face_mask
from faceedit.methods.reggan.drawn import WORKING_SIZE
from faceedit.methods.reggan.expression_layer import ExpressionLayer, ExpressionLayerFitter
from faceedit.methods.reggan.field_losses import field_losses
from faceedit.methods.reggan.generator import CROP_SIZE, FieldGenerator
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.prepared import (
    Prepared,
    is_prepared,
    pair_shares,
    prepare,
)
from faceedit.methods.reggan.recipe import FastRecipe, LayerRecipe
from faceedit.methods.reggan.refinement import RefinementConfig
from faceedit.methods.reggan.samples import Samples
from faceedit.methods.reggan.shade_layer import fit_shade_layer
from faceedit.methods.reggan.shape_layer import fit_shape_layer
from faceedit.methods.reggan.teeth import pack_textures, plain_texture, unpack_textures
from faceedit.methods.reggan.textures import learn_teeth
from faceedit.registry import write_checkpoint
from faceedit.studio.shapes import ShapeTable
from faceedit.studio.smiles import Smiles
from faceedit.targets import EXPRESSIONS, Expression, Target
from faceedit.training.field_table import FieldTable, is_table, pack_shards
from faceedit.training.recipe_file import override
from faceedit.training.task import Batch, OptimiserPlan, Plan, Request, Task, Update

T = TypeVar("T")

SHEET_FACES = 6
VALIDATED = 256
"""Validation pairs that are looked at, at most."""


@dataclass(frozen=True)
class Sources:
    """What a folder of training data holds.

    Attributes:
        table: pairs.
        shapes: where landmarks go.
        smiles: mouths to learn teeth from, None without any.
    """

    table: FieldTable
    shapes: ShapeTable
    smiles: Smiles | None


class FastTask(Task):
    """See `training.task.Task`.

    Args:
        request: its data are folders of shards (or packed tables), and the files that
            ``faceedit studio shapes`` and ``faceedit studio smiles`` wrote.
    """

    method, profile = "reggan", "fast"
    averaged = ("generator",)

    def __init__(self, request: Request):
        self.recipe = recipe = override(FastRecipe(), request.overrides)
        if request.batch_size:
            self.recipe = recipe = replace(recipe, batch_size=request.batch_size)
        self.plan = Plan(
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            warm_up=recipe.warm_up,
            rate="cosine",
            validate_every=recipe.validate_every,
            sheet_every=recipe.validate_every,
        )
        generator = build_generator(recipe)
        folder = request.folder
        prepared, teeth = folder / "prepared", folder / "textures.npy"
        begin_together(request.rank, lambda: self._begin(generator, request, prepared, teeth))
        self._table = find_table(request)
        self.textures = np.load(teeth)
        self.pairs = Prepared.load(prepared)
        self.samples = Samples(self.pairs, np.flatnonzero(~self.pairs.validation), request.seed)
        self.networks = {"generator": generator}
        self.updates = (
            Update(
                "fields",
                ("generator",),
                self._loss,
                OptimiserPlan(
                    rate=recipe.learning_rate,
                    betas=recipe.betas,
                    largest_gradient=recipe.largest_gradient,
                ),
            ),
        )

    def _begin(
        self, generator: FieldGenerator, request: Request, prepared: Path, teeth: Path
    ) -> None:
        """Do what is done once: solve the layers, draw the pairs, learn the teeth."""
        recipe, sources = self.recipe, read_sources(request)
        if not (request.resumed and is_prepared(prepared)):
            fit_layers(generator, sources, recipe, request.tell)
            shares = pair_shares(sources.table, asdict(recipe.amplitudes))
            layers = generator.shape_layer, generator.shade_layer
            prepare(sources.table, shares, *layers, prepared, request.tell)
        if not teeth.is_file():
            textures = [plain_texture()]
            if sources.smiles is not None:
                textures = learn_teeth(sources.smiles, recipe.textures)
            np.save(teeth, pack_textures(textures))

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        fields = self.networks["generator"](*_given(batch))
        return field_losses(fields, batch, self.recipe.weights)

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Compare fields with the studio's on people that no training saw; see `field_scores`."""
        rows = np.flatnonzero(self.pairs.validation)
        if not len(rows):
            return {}
        rows = rows[np.linspace(0, len(rows) - 1, min(VALIDATED, len(rows))).astype(int)]
        return field_scores(networks["generator"], self.pairs, rows)

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]] | None:
        """Draw people through the method as photos would be."""
        generator = networks["generator"]
        assert isinstance(generator, FieldGenerator)
        method = RegGAN(generator, unpack_textures(self.textures))
        table, rows = self._table, []
        people = np.unique(np.where(table.validation, table.person, -1), return_index=True)[1]
        people = people[np.linspace(1, len(people) - 1, min(SHEET_FACES, len(people))).astype(int)]
        for person in people:
            rows.append(sheet_row(method, table.pictures[person], table.landmarks[person, 0]))
        return rows, ["input", *EXPRESSIONS]

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write the weights that edit photos, in half precision."""
        generator = networks["generator"]
        assert isinstance(generator, FieldGenerator)
        tensors = {k: v.detach().cpu() for k, v in generator.state_dict().items()}
        tensors["textures"] = torch.from_numpy(self.textures)
        write_checkpoint(
            path,
            {
                k: v.half().contiguous() if v.is_floating_point() else v.contiguous()
                for k, v in tensors.items()
            },
            method=self.method,
            profile=self.profile,
            architecture=generator.architecture(),
            metadata={"recipe": json.dumps(asdict(self.recipe)), "step": str(notes["step"])},
        )
        return path


def build_generator(recipe: FastRecipe) -> FieldGenerator:
    """Return an untrained generator of a recipe's shape."""
    whole = FieldGenerator(recipe.components)
    config = replace(
        whole.refinement.config,
        attention=recipe.attention,
        latent_blocks=recipe.latent_blocks,
    )
    if config == whole.refinement.config:
        return whole
    return FieldGenerator(recipe.components, RefinementConfig(**vars(config)))


def begin_together(rank: int, begin: Callable[[], T]) -> T | None:
    """Do in the first process what the others wait for; weights they get from it later.

    Returns:
        What `begin` gave, in the first process.
    """
    result = begin() if rank == 0 else None
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
    return result


def find_table(request: Request) -> FieldTable:
    """Return the pairs of the data's folders; shards are packed into the run's folder first.

    Raises:
        UsageError: there are none.
    """
    tables = [path for path in request.data if is_table(path)]
    packed = request.folder / "table"
    if tables or is_table(packed):
        return FieldTable.load([*tables, packed][0])
    shards = [s for path in request.data if path.is_dir() for s in sorted(path.glob("*.tar"))]
    if not shards:
        raise UsageError(
            f"no pairs among {', '.join(map(str, request.data))}; make them with: "
            "faceedit studio pairs --plain"
        )
    return pack_shards(shards, packed, request.tell)


def read_sources(request: Request) -> Sources:
    """Read what the data's folders and files hold.

    Raises:
        UsageError: there are no pairs or no shapes.
    """
    files = [
        file
        for path in request.data
        for file in ([path] if path.is_file() else sorted(path.glob("*.npz")))
    ]
    shapes = next((file for file in files if ShapeTable.is_one(file)), None)
    smiles = next((file for file in files if Smiles.is_one(file)), None)
    if shapes is None:
        raise UsageError(
            f"no shapes among {', '.join(map(str, request.data))}; make them with: "
            "faceedit studio shapes"
        )
    return Sources(
        find_table(request),
        ShapeTable.load(shapes),
        None if smiles is None else Smiles.load(smiles),
    )


def fit_layers(generator: FieldGenerator, sources: Sources, recipe: FastRecipe, tell: Any) -> None:
    """Solve all closed-form layers on training people (stage one)."""
    table, amplitudes = sources.table, asdict(recipe.amplitudes)
    train = sources.shapes.taken(~sources.shapes.validation)
    shape = fit_shape_layer(train, amplitudes, recipe.components, recipe.shape_ridge)
    generator.shape_layer.load_state_dict(shape.state_dict())
    tell(f"shape layer: {len(train.photo)} faces")
    shares = pair_shares(table, amplitudes)
    rows = np.flatnonzero(~np.asarray(table.validation))
    shade = fit_shade_layer(
        (
            (
                shares[row],
                np.asarray(table.log_ratio[row], np.float32),
                np.asarray(table.trusted[row], np.float32) / 255,
                np.asarray(table.landmarks[row, 1]),
            )
            for row in rows
        ),
        CROP_SIZE,
    )
    generator.shade_layer.load_state_dict(shade.state_dict())
    tell(f"shade layer: {len(rows)} pairs")
    for index in range(len(EXPRESSIONS)):
        layer = fit_expression_layer(table, shares, rows, index, recipe.layer)
        generator.expression_layers[index].load_state_dict(layer.state_dict())
    tell(f"expression layers: {len(EXPRESSIONS)} of {WORKING_SIZE} pixels")


def fit_expression_layer(
    table: FieldTable,
    shares: np.ndarray,
    rows: np.ndarray,
    target: int,
    recipe: LayerRecipe,
    size: int = WORKING_SIZE,
) -> ExpressionLayer:
    """Solve one expression layer (Eq. 6) from the pairs that lead to a target alone.

    Args:
        table: of pairs.
        shares: of `prepared.pair_shares`.
        rows: pairs of training people.
        target: number in `EXPRESSIONS`.
        recipe: field and ridge.
        size: side of the layer in pixels.
    """
    import cv2

    strengths = shares[:, 1:]
    low, high = (0.75, 1.35)
    others = np.delete(strengths, target, axis=1).sum(1)
    fits = (strengths[:, target] >= low) & (strengths[:, target] <= high) & (others < 0.05)
    fitter = ExpressionLayerFitter(size, field=recipe.field, ridge=recipe.ridge)
    mirrored = EXPRESSIONS[target] != "contemptuous"
    for row in rows[fits[rows]]:
        given, wanted = (
            torch.from_numpy(cv2.resize(np.asarray(p), (size, size), interpolation=cv2.INTER_AREA))
            .permute(2, 0, 1)[None]
            .float()
            / 127.5
            - 1
            for p in (table.pictures[row], table.targets[row])
        )
        if mirrored:
            given, wanted = (torch.cat([x, x.flip(3)]) for x in (given, wanted))
        fitter.add(given, wanted)
    if not fitter.pairs:
        raise UsageError(f"no pair leads to {EXPRESSIONS[target]} at about strength 1")
    return fitter.solve()


@torch.no_grad()
def field_scores(generator: nn.Module, pairs: Prepared, rows: np.ndarray) -> dict[str, float]:
    """Compare predicted fields with the studio's.

    Args:
        generator: a `FieldGenerator` in evaluation mode.
        pairs: prepared.
        rows: numbers of the pairs.

    Returns:
        ``flow_error``: mean size of the flow's error over that of the flow; ``ratio_slope``: slope
        of predicted over wanted log ratios; the same of the layers alone as ``layers_flow_error``
        and ``layers_ratio_slope``; ``tone_error`` in log units.
    """
    device = next(generator.parameters()).device
    samples = Samples(pairs, rows, 0, augment=False)
    sums: dict[str, float] = defaultdict(float)
    for start in range(0, len(rows), 16):
        drawn = [samples.draw(int(r), np.random.default_rng(0)) for r in rows[start : start + 16]]
        batch = {k: torch.stack([d[k] for d in drawn]).to(device) for k in drawn[0]}
        fields = generator(*_given(batch))
        trusted = batch["trusted"]
        for name, flow in (
            ("size", batch["flow"]),
            ("error", fields.flow - batch["flow"]),
            ("layers", batch["drawn_flow"] - batch["flow"]),
        ):
            sums[name] += float((flow.norm(dim=1, keepdim=True) * trusted).sum())
        wanted = batch["log_ratio"] * trusted
        sums["square"] += float((wanted * batch["log_ratio"]).sum())
        sums["product"] += float((wanted * fields.log_ratio).sum())
        sums["layers_product"] += float((wanted * batch["drawn_shade"]).sum())
        off = (fields.tone.clamp(min=0.03) / batch["tone"].clamp(min=0.03)).log().abs().mean(1)
        sums["tone"] += float((off * batch["known"][:, 0]).sum())
        sums["known"] += float(batch["known"].sum())
    size, square = max(sums["size"], 1e-9), max(sums["square"], 1e-9)
    return {
        "flow_error": sums["error"] / size,
        "layers_flow_error": sums["layers"] / size,
        "ratio_slope": sums["product"] / square,
        "layers_ratio_slope": sums["layers_product"] / square,
        "tone_error": sums["tone"] / max(sums["known"], 1.0),
    }


def sheet_row(method: RegGAN, pixels: np.ndarray, landmarks: np.ndarray) -> list[np.ndarray]:
    """Return a crop and what the method makes of it for every target, uint8 each."""
    picture = np.ascontiguousarray(pixels)
    crop = Crop(picture.astype(np.float32) / 255, np.array(landmarks), np.eye(2, 3))
    mask = face_mask(crop.landmarks, CROP_SIZE)
    row = [picture]
    for name in EXPRESSIONS:
        edit = method.edit([crop], Target((Expression(name, 1.0),)))[0]
        row.append(compose(picture, edit, crop.affine, mask))
    return row


def _given(batch: Batch) -> tuple[Tensor, ...]:
    names = ("picture", "moved", "maps", "drawn_flow", "drawn_shade", "shares")
    return tuple(batch[name] for name in names)
