import threading
import time

import pytest

from faceedit.batch.pipeline import WORTH_ANOTHER, Ended, LostError, Pace, Pipeline
from faceedit.errors import UsageError


class Stages:
    """Numbers through three stages; keeps who is where, and how many at most."""

    def __init__(self, pause=0.0, weight=1):
        self.pause, self.weight = pause, weight
        self.lock = threading.Lock()
        self.on_their_way = set()
        self.most = 0
        self.looks = []
        self.finished = []

    def read(self, job, room):
        room(self.weight)
        with self.lock:
            self.on_their_way.add(job)
            self.most = max(self.most, len(self.on_their_way))
        if job < 0:
            return Ended(f"{job} is unreadable", is_work=job != -1)
        return job

    def look(self, some):
        self.looks.append(len(some))
        time.sleep(self.pause)
        return [Ended(f"{one} has no face") if one % 5 == 4 else one * 10 for one in some]

    def finish(self, seen):
        time.sleep(self.pause)
        with self.lock:
            self.on_their_way.discard(seen // 10)
            self.finished.append(seen)
        return f"{seen} done"

    def pipeline(self, pace=None, elsewhere=(), block=1):
        return Pipeline(self.read, self.look, self.finish, pace or Pace(), elsewhere, block)


class Other:
    """Does jobs elsewhere; is lost when it starts, or after so many jobs."""

    def __init__(self, until=1_000_000, starts=True):
        self.until, self.starts = until, starts
        self.started = False
        self.blocks = []
        self.done = 0

    def start(self):
        self.started = True
        if not self.starts:
            raise LostError

    def do(self, jobs):
        self.blocks.append(len(jobs))
        for job in jobs:
            if self.done == self.until:
                raise LostError
            self.done += 1
            yield f"{job} done elsewhere"


def run_all(pipeline, jobs):
    """Work through jobs as `run` does; return the results by index."""
    results, submitted = {}, 0
    with pipeline:
        while len(results) < len(jobs):
            while submitted < len(jobs) and submitted - len(results) < pipeline.window:
                pipeline.submit(submitted, jobs[submitted])
                submitted += 1
            index, result = pipeline.next_result()
            assert index not in results
            results[index] = result
    return results


@pytest.mark.parametrize("pace", [Pace(), Pace(2, 2), Pace(2, 2, 4)])
def test_every_job_has_its_result(pace):
    stages = Stages()
    jobs = [*range(50), -1, -2]
    with stages.pipeline(pace) as pipeline:
        for index, job in enumerate(jobs):
            pipeline.submit(index, job)
        results = dict(pipeline.next_result() for _ in jobs)
    for index, job in enumerate(jobs):
        if job < 0:
            assert results[index] == f"{job} is unreadable"
        elif job % 5 == 4:
            assert results[index] == f"{job} has no face"
        else:
            assert results[index] == f"{job * 10} done"
    assert max(stages.looks) <= pace.batch


def test_batches_fill_while_the_network_is_busy():
    stages = Stages(pause=0.02)
    with stages.pipeline(pace=Pace(batch=4)) as pipeline:
        for index in range(12):
            pipeline.submit(index, index * 5)
        for _ in range(12):
            pipeline.next_result()
    assert 4 in stages.looks
    assert sum(stages.looks) == 12


def test_large_photos_wait_for_room():
    stages = Stages(pause=0.005, weight=6)
    with stages.pipeline(pace=Pace(readers=3, memory=10)) as pipeline:
        for index in range(12):
            pipeline.submit(index, index * 5)
        for _ in range(12):
            pipeline.next_result()
    # One has room; those that wait for it have taken nothing yet.
    assert stages.most == 1
    assert len(stages.finished) == 12


def test_leaving_ends_what_is_in_hand_and_drops_the_rest():
    stages = Stages(pause=0.02)
    before = threading.active_count()
    with stages.pipeline(Pace(2, 2, memory=3)) as pipeline:
        for index in range(100):
            pipeline.submit(index, index * 5)
        pipeline.next_result()
    assert threading.active_count() == before
    assert 1 <= len(stages.finished) < 20


@pytest.mark.parametrize("stage", ["read", "look", "finish"])
def test_what_a_stage_raises_comes_out(stage):
    class Broken(Stages):
        pass

    def fail(*_):
        raise KeyboardInterrupt(stage)

    setattr(Broken, stage, fail)
    with pytest.raises(KeyboardInterrupt, match=stage), Broken().pipeline() as pipeline:
        pipeline.submit(0, 5)
        pipeline.next_result()


@pytest.mark.parametrize("block", [1, 4])
def test_others_take_a_part(block):
    stages, others = Stages(pause=0.002), [Other(), Other()]
    jobs = [5 * one for one in range(200)]
    results = run_all(stages.pipeline(Pace(), elsewhere=others, block=block), jobs)
    here = [job for job in jobs if results[job // 5] == f"{job * 10} done"]
    elsewhere = [job for job in jobs if results[job // 5] == f"{job} done elsewhere"]
    assert len(here) + len(elsewhere) == 200
    assert len(here) == len(stages.finished) > 0
    assert len(elsewhere) == sum(other.done for other in others) > 100
    assert all(size <= block for other in others for size in other.blocks)


@pytest.mark.parametrize(
    "others",
    [
        [Other(starts=False)],
        [Other(until=0)],
        [Other(until=7)],
        [Other(until=7), Other(until=0), Other(starts=False)],
        [Other(until=3), Other()],
    ],
)
@pytest.mark.parametrize("block", [1, 3])
def test_what_others_leave_is_done_here(others, block):
    others = [Other(one.until, one.starts) for one in others]
    stages = Stages(pause=0.001)
    jobs = [5 * one for one in range(100)]
    results = run_all(stages.pipeline(Pace(2, 2), elsewhere=others, block=block), jobs)
    assert len(results) == 100
    assert len(stages.finished) + sum(other.done for other in others) == 100


@pytest.mark.parametrize(
    ("jobs", "started"),
    [
        # What was done before is no work; photos without a face are.
        ([-1] * 40, 0),
        ([-1] * 40 + [5] * (WORTH_ANOTHER - 1), 0),
        ([-1] * 40 + [5] * WORTH_ANOTHER + [-1] * 40, 1),
        ([-2] * 2 * WORTH_ANOTHER + [-1] * 40, 2),
    ],
)
def test_others_are_started_one_by_one_as_work_shows(jobs, started):
    others = [Other(), Other()]
    with Stages().pipeline(elsewhere=others) as pipeline:
        for index, job in enumerate(jobs):
            pipeline.submit(index, job)
        for _ in jobs:
            pipeline.next_result()
        deadline = time.monotonic() + 10
        while sum(other.started for other in others) < started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert [other.started for other in others] == [at < started for at in range(2)]


def test_nothing_below_one():
    with pytest.raises(UsageError):
        Pace(batch=0)
    with pytest.raises(UsageError):
        Pace(readers=0)
    assert Pace(readers=2, finishers=2, batch=4).window == 2 + 8 + 4
