import threading
import time

import pytest

from faceedit.batch.pipeline import Ended, Pace, Pipeline
from faceedit.errors import UsageError


class Stages:
    """Numbers through three stages; keeps who is where, and how many at most."""

    def __init__(self, pause=0.0):
        self.pause = pause
        self.lock = threading.Lock()
        self.on_their_way = set()
        self.most = 0
        self.looks = []
        self.finished = []

    def read(self, job):
        with self.lock:
            self.on_their_way.add(job)
            self.most = max(self.most, len(self.on_their_way))
        if job < 0:
            return Ended(f"{job} is unreadable")
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

    def pipeline(self, lookers=1, pace=None, weight=lambda job: 1):
        pace = pace or Pace()
        return Pipeline(self.read, [self.look] * lookers, self.finish, pace, weight)


@pytest.mark.parametrize(("lookers", "pace"), [(1, Pace()), (3, Pace(2, 2)), (2, Pace(2, 2, 4))])
def test_every_job_has_its_result(lookers, pace):
    stages = Stages()
    jobs = [*range(50), -1, -2]
    with stages.pipeline(lookers, pace) as pipeline:
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
    stages = Stages(pause=0.005)
    with stages.pipeline(pace=Pace(readers=3, pixels=10), weight=lambda job: 6) as pipeline:
        for index in range(12):
            pipeline.submit(index, index * 5)
        for _ in range(12):
            pipeline.next_result()
    # One has room, and each of the three readers holds one that waits for it.
    assert stages.most <= 1 + 3
    assert len(stages.finished) == 12


def test_leaving_ends_what_is_in_hand_and_drops_the_rest():
    stages = Stages(pause=0.02)
    before = threading.active_count()
    with stages.pipeline(2, Pace(2, 2, pixels=3)) as pipeline:
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
    with pytest.raises(KeyboardInterrupt, match=stage), Broken().pipeline(2) as pipeline:
        pipeline.submit(0, 5)
        pipeline.next_result()


def test_nothing_below_one():
    with pytest.raises(UsageError):
        Pace(batch=0)
    with pytest.raises(UsageError):
        Pace(readers=0)
    assert Pace(readers=2, finishers=2, batch=4).window(3) == 2 + 24 + 4
