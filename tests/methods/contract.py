"""What every method promises, as checks that take its line of the list. A new method passes all."""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit
from faceedit.compose.mask import draw_mask, region_mask
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.faces.batching import ON_CPU, Batching
from faceedit.methods.base import Method, check_target, load_method
from faceedit.methods.catalogue import METHODS, PlannedStep
from faceedit.methods.descriptor import Descriptor
from faceedit.registry import Registry, load_checkpoint, write_checkpoint
from faceedit.targets import Part, Target, parse_target, union
from faceedit.training.task import Task

CPU = torch.device("cpu")
LARGEST_FILE = 16_000_000
BEYOND = {"attr=bald": "crop"}
"""What changes more than its method's region: the wall where hair stood out."""
UNKNOWN = {"happy", "light=left", "au=12=3", "attr=beard=on", "turn=yaw=5"}


def whole(name: str) -> Target:
    """A target that asks for a served name in full."""
    value = {"au": "=3", "attr": "=on"}.get(name.partition("=")[0], "")
    value = "" if name.count("=") > 1 else value
    return parse_target("turn=yaw=10" if name == "turn" else f"{name}{value}")


def worded(descriptor: Descriptor) -> list[str]:
    """What is served that words can ask for: landmarks are of one face alone."""
    return [name for name in descriptor.targets if name != Part.LANDMARKS]


def load(descriptor: Descriptor, registry: Registry) -> Method:
    """Load what ships."""
    everything = union(whole(name) for name in worded(descriptor))
    return load_method(registry, PlannedStep(descriptor, everything), descriptor.profile, CPU)


def check_line(descriptor: Descriptor, method: Method) -> None:
    """The line of the list says what the loaded method is."""
    assert METHODS[descriptor.name] is descriptor
    assert (method.name, method.profile) == (descriptor.name, descriptor.profile)
    assert method.crop_size == descriptor.crop_size
    assert method.targets == descriptor.targets
    assert descriptor.cost > 0
    assert len(descriptor.paper) > 5


def check_edits(descriptor: Descriptor, method: Method, crops: Sequence[Crop]) -> None:
    """Fields are finite and of their shapes, for every name; nothing outside the region changes.

    Names of one kind (`light=...`) are all tried on the first face, one of them on the others too
    and at a strength of nothing.
    """
    kinds = {name.rpartition("=")[0]: name for name in worded(descriptor)}
    for name in worded(descriptor):
        target, some = whole(name), crops if name in kinds.values() else crops[:1]
        edits = method.edit(some, target)
        assert len(edits) == len(some)
        # A calm face is neutral, and that is what such a method takes every face for.
        still = descriptor.counts_shown and name == "neutral"
        # Nor does it wear what could be taken off.
        still = still or name.endswith("=off")
        for at, (crop, edit) in enumerate(zip(some, edits, strict=True)):
            _check_fields(descriptor, edit, BEYOND.get(name, descriptor.region))
            # The last face is drawn: it has no hair that a network knows. An edit may say why it
            # leaves a face as it is.
            unknown = at and name.startswith("attr=")
            _check_composed(crop, edit, None if unknown else still or bool(edit.left))
    for name in kinds.values():
        for crop, edit in zip(crops, method.edit(crops, whole(name).scaled(0)), strict=True):
            here, mask = crop.to_bytes(), region_mask(edit.region, crop.landmarks, crop.size)
            np.testing.assert_array_equal(compose(here, edit, np.eye(2, 3), mask), here)
    assert method.edit([], whole(descriptor.targets[0])) == []


def _check_fields(descriptor: Descriptor, edit: Edit, region: str) -> None:
    edit.check()
    assert edit.region == region
    assert edit.size == descriptor.crop_size
    assert edit.flow.ndim == 3
    assert (edit.flow.shape[2], edit.log_ratio.shape[2]) == (2, 3)
    assert edit.opacity.ndim == 2
    assert {edit.flow.dtype, edit.log_ratio.dtype, edit.opacity.dtype} == {np.dtype(np.float32)}
    assert edit.landmarks is None or edit.landmarks.shape == (478, 3)


def _check_composed(crop: Crop, edit: Edit, is_there: bool | None = False) -> None:
    """Compose an edit; a face that shows it already stays, and of None nothing is known."""
    here = crop.to_bytes()
    mask = region_mask(edit.region, crop.landmarks, crop.size)
    after = compose(here, edit, np.eye(2, 3), mask)
    changed = (after != here).any(-1)
    assert is_there is None or changed.any() != is_there
    assert not changed[draw_mask(mask, np.eye(2, 3), here.shape[:2]) == 0].any()


def check_company(descriptor: Descriptor, method: Method, crops: Sequence[Crop]) -> None:
    """A face is edited to the same bits in any order of faces, and nearly so in company."""
    target = whole(worded(descriptor)[-1])

    def pixels(size: int, some: Sequence[Crop]) -> list[np.ndarray]:
        edits = Batching(size).run(list(some), partial(method.edit, target=target))
        return [_pixels(crop, one) for crop, one in zip(some, edits, strict=True)]

    alone = pixels(ON_CPU, crops)
    for one, other in zip(alone, pixels(ON_CPU, crops[::-1])[::-1], strict=True):
        np.testing.assert_array_equal(one, other)
    # Matrix products of some processors sum up the rows of a batch in different orders.
    for one, other in zip(alone, pixels(2, crops), strict=True):
        np.testing.assert_allclose(one.astype(int), other, atol=1)


def check_refusals(method: Method) -> None:
    """What is not served is refused, and what is served is listed."""
    for text in UNKNOWN:
        if not parse_target(text).missing(method.targets):
            continue
        try:
            check_target(method, parse_target(text))
        except UsageError as error:
            assert all(name in str(error) for name in method.targets)
        else:
            raise AssertionError(f"{text} is not refused")


def check_weights(
    descriptor: Descriptor, registry: Registry, crops: Sequence[Crop], folder: Path
) -> None:
    """A checkpoint that is written again gives the same edits."""
    shipped = registry.open_method(descriptor.name, descriptor.profile)
    path = folder / "again.safetensors"
    write_checkpoint(
        path,
        shipped.tensors,
        method=descriptor.name,
        profile=descriptor.profile,
        architecture=shipped.architecture,
    )
    loads = import_module(descriptor.module).load
    target = whole(descriptor.targets[0])
    first, second = (
        loads(one, CPU).edit(crops[:1], target)[0]
        for one in (registry.open_method(descriptor.name), load_checkpoint(path))
    )
    np.testing.assert_array_equal(_pixels(crops[0], first), _pixels(crops[0], second))


def check_card(descriptor: Descriptor, registry: Registry) -> None:
    """The card says where the weights come from, how good they are and what differs."""
    entry = registry.entry(registry.select(descriptor.name, descriptor.profile).name)
    card = entry.card
    assert set(descriptor.targets) <= set(card.targets)
    assert (card.crop_size, card.profile) == (descriptor.crop_size, descriptor.profile)
    assert card.size <= LARGEST_FILE
    assert registry.verify(card.name).state == "ok"
    assert all((card.data, card.licence, card.recipe, card.scores, card.differs))
    assert len(entry.markdown() or "") > 200


def check_training(task: Task) -> None:
    """The profile that ships is trained, see `check_steps`."""
    check_steps(task)
    assert task.profile == METHODS[task.method].profile


def check_steps(task: Task, rate: float = 1e-4) -> None:
    """A step of each network that is trained lowers its loss on the batch that it saw."""
    batch = _stacked([task.samples[number] for number in range(task.schedule.batch_size)])
    for update in task.updates:
        parameters = [p for name in update.trains for p in task.networks[name].parameters()]
        optimiser = torch.optim.SGD([p for p in parameters if p.requires_grad], lr=rate)
        torch.manual_seed(5)
        before = update.loss(batch)["total"]
        optimiser.zero_grad()
        before.backward()
        optimiser.step()
        torch.manual_seed(5)  # gradient penalties take their slope at random places
        assert update.loss(batch)["total"] < before


def _stacked(samples: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {name: torch.stack([one[name] for one in samples]) for name in samples[0]}


def _pixels(crop: Crop, edit: Edit) -> np.ndarray:
    mask = region_mask(edit.region, crop.landmarks, crop.size)
    return compose(crop.to_bytes(), edit, np.eye(2, 3), mask)
