"""How near predicted fields come to the studio's."""

from collections import defaultdict

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.methods.fields.samples import FieldSamples
from faceedit.training.task import Batch


@torch.no_grad()
def field_scores(generator: nn.Module, samples: FieldSamples) -> dict[str, float]:
    """Compare predicted fields with the studio's.

    Args:
        generator: a `FieldGenerator` in evaluation mode.
        samples: whose rows are compared, each once; not augmented.

    Returns:
        ``flow_error``: mean size of the flow's error over that of the flow; ``ratio_slope``: slope
        of predicted over wanted log ratios; the same of the layers alone as ``layers_flow_error``
        and ``layers_ratio_slope``; ``tone_error`` in log units; ``spectacles_found`` and
        ``spectacles_made_up``, shares of faces with and without them that are taken to wear them.
    """
    device = next(generator.parameters()).device
    rows = samples.rows
    sums: dict[str, float] = defaultdict(float)
    for start in range(0, len(rows), 16):
        drawn = [samples.draw(int(r), np.random.default_rng(0)) for r in rows[start : start + 16]]
        batch = {k: torch.stack([d[k] for d in drawn]).to(device) for k in drawn[0]}
        fields = generator(*given(batch))
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
        worn, seen = batch["eyeglasses"][:, 0], (fields.eyeglasses > 0).float()
        for name, wearing in (("found", worn), ("made_up", 1 - worn)):
            sums[name] += float((seen * wearing).sum())
            sums[f"of_{name}"] += float(wearing.sum())
    size, square = max(sums["size"], 1e-9), max(sums["square"], 1e-9)
    return {
        "flow_error": sums["error"] / size,
        "layers_flow_error": sums["layers"] / size,
        "ratio_slope": sums["product"] / square,
        "layers_ratio_slope": sums["layers_product"] / square,
        "tone_error": sums["tone"] / max(sums["known"], 1.0),
        "spectacles_found": sums["found"] / max(sums["of_found"], 1.0),
        "spectacles_made_up": sums["made_up"] / max(sums["of_made_up"], 1.0),
    }


def given(batch: Batch) -> tuple[Tensor, ...]:
    """Return what `FieldGenerator` takes of a batch of `FieldSamples`, in its order."""
    names = ("picture", "moved", "maps", "drawn_flow", "drawn_shade", "condition", "strip")
    return tuple(batch[name] for name in (*names, "acting") if name in batch)
