"""``--light random``: each photo gets a light of its own, drawn from a seed and its name."""

from collections.abc import Sequence
from dataclasses import replace

from faceedit.augmentation.draw import shuffled
from faceedit.cli.run_jobs import ApplyRequest
from faceedit.errors import UsageError
from faceedit.lights import LIGHT_ORDER
from faceedit.photos import Job
from faceedit.targets import LightChange, Part, Target
from faceedit.targets.light import RANDOM


def is_random(target: Target) -> bool:
    """Say whether a target asks for a random light."""
    return any(isinstance(one, LightChange) and one.light == RANDOM for one in target.terms)


def draw_light(target: Target, seed: int, place: str) -> Target:
    """Return a target with a light that is drawn, if it asks for one.

    Args:
        target: of any terms.
        seed: of the draw.
        place: the name that the light follows from.

    Raises:
        UsageError: it asks for the expression of a reference face, too.
    """
    if not is_random(target):
        return target
    if others := {Part.LIKE, Part.LANDMARKS_LIKE} & set(target.parts):
        (other,) = others
        raise UsageError(f"--light random and --{other} do not go together; take one at a time")
    name = shuffled(LIGHT_ORDER, seed, "light", place)[0]
    return Target(
        tuple(
            replace(one, light=name) if isinstance(one, LightChange) else one
            for one in target.terms
        )
    )


def draw_lights(
    request: ApplyRequest, jobs: Sequence[Job], seed: int
) -> tuple[ApplyRequest, list[Job]]:
    """Return a request whose light is random with the jobs that say which light each gets."""
    # With a plan, a job that asks for nothing is copied.
    whole = request.settings.target if request.plan is None else None
    asked = [job.asked or whole for job in jobs]
    drawn = [
        job if one is None else replace(job, asked=draw_light(one, seed, job.source.name))
        for job, one in zip(jobs, asked, strict=True)
    ]
    return replace(request, plan={"light": RANDOM, "seed": seed}), drawn
