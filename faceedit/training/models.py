"""A task's networks on their device, with their optimisers and averages."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.errors import FaceEditError, UsageError
from faceedit.training.rates import make_optimiser, share_of_rate
from faceedit.training.state import Average, load_state, save_state
from faceedit.training.task import Batch, Task, Update

if TYPE_CHECKING:
    from faceedit.training.fabric import Team


def reseed(*numbers: int) -> None:
    """Let what is random in torch depend on these numbers alone, so that nothing is to be kept."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
    # `torch.manual_seed` takes a millisecond where CUDA is not in use.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)


class Models:
    """What changes while a task is trained.

    The networks move to the process's device, and the task gets Fabric's wrapped ones.

    Args:
        task: as its method made it.
        team: the processes.
    """

    def __init__(self, task: Task, team: "Team"):
        self.task, self.team = task, team
        self.networks = dict(task.networks)
        self._trainable = {
            name: [p for p in network.parameters() if p.requires_grad]
            for name, network in self.networks.items()
        }
        for name, network in self.networks.items():
            task.networks[name] = team.fabric.setup_module(network).train()
        self.averages = {
            name: Average(
                self.networks[name], copy.deepcopy(self.networks[name]), task.schedule.average_decay
            )
            for name in task.averaged
        }
        self._plain_optimisers = {
            update.name: make_optimiser(self._parameters(update), update.optimiser)
            for update in task.updates
        }
        self.optimisers = {
            name: cast(torch.optim.Optimizer, team.fabric.setup_optimizers(optimiser))
            for name, optimiser in self._plain_optimisers.items()
        }

    def begin_step(self, step: int) -> None:
        """Tell the task its step, counted from 0, and set the rates."""
        self.task.step = step
        for name, rate in self.rates(step).items():
            for group in self.optimisers[name].param_groups:
                group["lr"] = rate

    def rates(self, step: int) -> dict[str, float]:
        """Return the learning rates of a step by their optimisers' names."""
        share = share_of_rate(self.task.schedule, step)
        return {update.name: update.optimiser.rate * share for update in self.task.updates}

    def make(self, update: Update, portions: Sequence[Batch]) -> dict[str, Tensor]:
        """Let one optimiser have its turn on a batch.

        Args:
            update: which.
            portions: of the batch.

        Returns:
            The mean of the losses over the portions as "update/term", detached.
        """
        fabric, optimiser = self.team.fabric, self.optimisers[update.name]
        for name, parameters in self._trainable.items():
            for parameter in parameters:
                parameter.requires_grad_(name in update.trains)
        optimiser.zero_grad(set_to_none=True)
        losses: dict[str, Tensor] = {}
        for batch in portions:
            with fabric.autocast():
                terms = update.loss(batch)
            fabric.backward(self.team.scaled(terms["total"] / len(portions)))
            for term, value in terms.items():
                name, value = f"{update.name}/{term}", value.detach() / len(portions)
                losses[name] = losses[name] + value if name in losses else value
        self.team.average_gradients(self._parameters(update))
        if (norm := update.optimiser.largest_gradient) is not None:
            any_network = self.task.networks[update.trains[0]]
            fabric.clip_gradients(any_network, optimiser, max_norm=norm, error_if_nonfinite=False)
        optimiser.step()
        return losses

    def end_step(self, step: int) -> None:
        """Take the weights after a step, counted from 0, into the averages."""
        for average in self.averages.values():
            average.update(step)

    @contextmanager
    def in_use(self, seed: int) -> Iterator[Mapping[str, nn.Module]]:
        """Yield the networks as they are for use: averaged, evaluating, without gradients.

        Args:
            seed: of what is random meanwhile.
        """
        averages = {name: average.average for name, average in self.averages.items()}
        networks = {name: n.eval() for name, n in {**self.networks, **averages}.items()}
        reseed(seed)
        try:
            with torch.no_grad():
                yield networks
        finally:
            for network in self.networks.values():
                network.train()

    def check(self) -> None:
        """Look for weights that are no numbers.

        Raises:
            FaceEditError: there are some.
        """
        weights = [p.detach() for n in self.networks.values() for p in n.parameters()]
        if weights and not nn.utils.get_total_norm(weights).isfinite():
            raise FaceEditError(
                f"the weights are no numbers any more after step {self.task.step + 1}; go on from "
                "the last state with --resume and a lower rate, or with --precision fp32"
            )

    def save(self, path: Path, notes: dict[str, Any]) -> None:
        """Write everything that changes, and notes; weights that are no numbers are not kept.

        Raises:
            FaceEditError: the file cannot be written, or the training has gone astray.
        """
        self.check()
        scaler = self.team.fabric.strategy.precision.state_dict()
        save_state(path, self._modules(), self._plain_optimisers, {**notes, "scaler": scaler})

    def restore(self, path: Path) -> dict[str, Any]:
        """Read what `save` wrote, and return its notes.

        Raises:
            UsageError: the file is damaged or of another training.
        """
        notes = load_state(path, self._modules(), self._plain_optimisers)
        try:
            self.team.fabric.strategy.precision.load_state_dict(notes.get("scaler", {}))
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise UsageError(f"{path} is no state of a training: {error}; train anew") from error
        return notes

    def share(self) -> None:
        """Give all processes the first one's weights."""
        for module in self._modules().values():
            self.team.share(module)

    def _parameters(self, update: Update) -> list[nn.Parameter]:
        return [p for name in update.trains for p in self._trainable[name]]

    def _modules(self) -> dict[str, nn.Module]:
        averages = {f"average-{name}": a.average for name, a in self.averages.items()}
        return {**self.networks, **averages}
