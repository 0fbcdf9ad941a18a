"""The run on a Ray cluster: a Ray Data pipeline of workers, one for each GPU or CPU.

Ray spreads the photos, starts workers anew that died, and has their photos redone. Outputs appear
whole or not at all and are the same every time, so that redoing one changes nothing. The driver
alone writes the manifest, one line for each photo.
"""

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from faceedit.batch.manifest import Manifest
from faceedit.batch.ray_cluster import Slots, find_slots, import_ray, ray_cluster
from faceedit.batch.ray_tries import Tries
from faceedit.batch.ray_worker import PhotoWorker, from_row, to_row
from faceedit.batch.result import Result
from faceedit.batch.run import record
from faceedit.batch.stages import RunOptions
from faceedit.batch.worker import Order
from faceedit.editing.build import EditSettings
from faceedit.errors import FaceEditError
from faceedit.limits import WORKERS, check
from faceedit.machine import cores
from faceedit.photos import Job

ON_CPU = 4
"""Photos that a worker takes at once: what its death costs, and what one message is worth."""

ON_GPU = 32
"""Likewise with a GPU, whose networks take the faces of several photos at once."""

ROUNDS = 16
"""Blocks for each worker at least, so that all of them end at about the same time."""

BLOCKS = 10_000
"""Blocks at most; the driver makes them before any work."""


def run_on_ray(
    jobs: Sequence[Job],
    settings: EditSettings,
    options: RunOptions,
    manifest: Manifest,
    workers: int | None,
    threads: int = 1,
) -> Generator[Result, None, None]:
    """Work through a plan on a Ray cluster. The folders must be the same on all machines.

    Where the caller stops asking (an interruption, ``close()``), photos in hand are dropped whole.

    Args:
        jobs: the plan.
        settings: of the editor, which each worker opens on a device of its own.
        options: how photos are treated.
        manifest: says what is done already and keeps what is done now, as soon as it is known.
        workers: at most so many; None takes all GPUs of the cluster, or all CPUs.
        threads: of the CPU for each network call.

    Returns:
        An iterator of one result per job, in the order in which they come, each recorded before.
        It raises `MissingError` where a worker lacks something or the cluster does not answer,
        `DeviceError` and `UsageError` for the device, and `FaceEditError` where Ray gives up.

    Raises:
        MissingError: Ray is not installed.
        UsageError: no workers, or far too many.
    """
    check("workers", workers, WORKERS)
    ray = import_ray()
    return _run(ray, jobs, settings, options, manifest, workers, threads)


def _run(
    ray: Any,
    jobs: Sequence[Job],
    settings: EditSettings,
    options: RunOptions,
    manifest: Manifest,
    workers: int | None,
    threads: int,
) -> Generator[Result, None, None]:
    # A local cluster may give more CPUs than there are: workers are what was asked for.
    cpus = None if workers is None else workers * threads
    with ray_cluster(ray, cpus):
        slots = find_slots(ray, settings.device, workers, threads)
        order = Order(
            settings=replace(settings, device=slots.device, weights=_absolute(settings.weights)),
            options=options,
            output=_absolute(manifest.output),
            facts=manifest.settings,
            resume=manifest.resume,
            keep=manifest.keep,
            threads=threads,
            io_threads=slots.cpus if slots.gpus else 1,
            # Other machines are taken to be like this one.
            processes=min(slots.count, max(1, cores() // max(1, slots.cpus))),
        )
        told: set[int] = set()
        with closing(_edit(ray, jobs, order, slots)) as rows:
            for index, one in rows:
                # A machine that is lost with results on it makes Ray redo them.
                if index not in told:
                    told.add(index)
                    yield record(from_row(jobs[index], one), manifest)


def _edit(
    ray: Any, jobs: Sequence[Job], order: Order, slots: Slots
) -> Generator[tuple[int, str], None, None]:
    """Yield the index of each photo and what a worker reported of it, as it comes.

    Raises:
        FaceEditError: Ray gives up.
    """
    size = block_size(len(jobs), slots)
    blocks = -(-len(jobs) // size)
    workers = min(slots.count, blocks)
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=True
    )
    forever = {"max_restarts": -1, "max_task_retries": -1}
    tries = ray.remote(num_cpus=0, scheduling_strategy=here, **forever)(Tries).remote()
    try:
        with _quietly(ray, workers):
            photos = ray.data.from_items(
                [to_row(index, job) for index, job in enumerate(jobs)], override_num_blocks=blocks
            )
            pool = ray.data.ActorPoolStrategy(min_size=1, max_size=workers, initial_size=workers)
            edited = photos.map_batches(
                PhotoWorker,
                fn_constructor_args=(ray.cloudpickle.dumps(order), tries),
                batch_size=None,
                compute=pool,
                num_cpus=slots.cpus,
                num_gpus=slots.gpus or None,
            )
            for block in edited.iter_batches(batch_size=None, prefetch_batches=0):
                yield from zip((int(index) for index in block["index"]), block["told"], strict=True)
    # Ray's errors have no common type; none of them is one photo's.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise FaceEditError(f"Ray gave up: {reason or type(error).__name__}") from error


@contextmanager
def _quietly(ray: Any, workers: int) -> Iterator[None]:
    """Set what is set for all pipelines of a process, until the end of this one."""
    context = ray.data.DataContext.get_current()
    wanted = {
        "enable_progress_bars": False,
        "print_on_execution_start": False,
        # A worker may die while it starts, with its machine; that all do so has to end.
        "max_consecutive_actor_init_deaths": workers,
    }
    # Older versions do not have all of them.
    before = {name: getattr(context, name) for name in wanted if hasattr(context, name)}
    try:
        for name in before:
            setattr(context, name, wanted[name])
        yield
    finally:
        for name, value in before.items():
            setattr(context, name, value)


def block_size(photos: int, slots: Slots) -> int:
    """Return how many photos a worker takes at once."""
    most = ON_GPU if slots.gpus else ON_CPU
    even = photos // (slots.count * ROUNDS)
    return max(1, min(most, even), -(-photos // BLOCKS))


def _absolute(path: str | Path | None) -> Path | None:
    return None if path is None else Path(os.path.abspath(path))  # noqa: PTH100
