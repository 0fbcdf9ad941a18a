"""Which target each frame has: easing, loops, times, idle movement, files of key poses."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from faceedit.animation.idle import BLINK, DRIFTS, add_idle
from faceedit.animation.pose_file import read_poses
from faceedit.animation.poses import EASES, Pose, Timing, clip_targets, parse_fps
from faceedit.errors import UsageError
from faceedit.targets import UnitChange, parse_target

HAPPY = parse_target("happy")


def strengths(poses, timing, name="happy"):
    return [
        0.0 if one is None else one.to_json().get(name, 0.0) for one in clip_targets(poses, timing)
    ]


def test_a_clip_goes_from_its_first_pose_to_its_last():
    poses = [Pose(), Pose(HAPPY, "linear")]
    got = strengths(poses, Timing(0.5, Fraction(10)))
    assert got == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    eased = strengths([Pose(), Pose(HAPPY)], Timing(0.5, Fraction(10)))
    assert eased == pytest.approx([0, 0.15625, 0.5, 0.84375, 1])
    assert len(strengths(poses, Timing(0.01, Fraction(24)))) == 2


@pytest.mark.parametrize("ease", EASES)
def test_easing_rises_from_0_to_1_at_most_half_as_fast_again(ease):
    values = [EASES[ease](at / 100) for at in range(101)]
    assert (values[0], values[-1]) == (0, 1)
    steps = np.diff(values)
    assert (steps > 0).all()
    assert steps.max() <= 0.0151


@pytest.mark.parametrize("seconds", [1.0, 0.9])
def test_a_loop_comes_back_and_its_end_joins_its_start(seconds):
    got = strengths([Pose(), Pose(HAPPY, "linear")], Timing(seconds, Fraction(10), loop=True))
    assert len(got) % 2 == 0
    assert max(got) == 1
    assert got[1:] == got[:0:-1]
    joined = np.abs(np.diff([*got, got[0]]))
    assert joined == pytest.approx(joined[0])


def test_poses_on_the_way_are_spread_evenly_or_lie_at_their_times():
    sad = parse_target("sad")
    even = [Pose(), Pose(sad, "linear"), Pose(HAPPY, "linear")]
    timing = Timing(0.5, Fraction(10))
    assert strengths(even, timing, "sad") == pytest.approx([0, 0.5, 1, 0.5, 0])
    timed = [Pose(at=0.0), Pose(sad, "linear", 1.0), Pose(HAPPY, "linear", 4.0)]
    assert strengths(timed, timing, "sad") == pytest.approx([0, 1, 2 / 3, 1 / 3, 0])
    assert strengths(timed, timing) == pytest.approx([0, 0, 1 / 3, 2 / 3, 1])
    assert clip_targets([Pose(HAPPY)], timing) == [HAPPY] * 5


def test_lengths_and_rates_out_of_range():
    for seconds in (0, -1, 601, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="the clip would be"):
            Timing(seconds, Fraction(24))
    for fps in (0.5, 121, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="frames a second; write a number from 1 to 120"):
            parse_fps(fps)
    assert parse_fps(30000 / 1001) == Fraction(30000, 1001)


def units(target):
    return {one.unit: one for one in target.terms if isinstance(one, UnitChange)}


def test_idle_faces_blink_now_and_then_and_drift_a_little():
    timing = Timing(20, Fraction(24))
    got = [units(one) for one in add_idle([None] * timing.frames, timing, seed=3)]
    lids = np.array([one[BLINK].strength for one in got])
    # Each blink shuts the eyes in some frame, within a quarter of a second.
    shut = np.flatnonzero(lids == 1)
    assert 3 <= len(shut) <= 9
    assert (np.diff(shut) >= 2 * 24 - 1).all()
    for at in shut:
        assert lids[at - 3] == lids[at + 4] == 0
    assert lids[0] == lids[-1] == 0
    for unit, most in DRIFTS.items():
        drift = np.array([one[unit].intensity for one in got])
        assert 0 <= drift.min() < drift.max() <= most
        # The end leads to the start.
        assert np.abs(np.diff([*drift, drift[0]])).max() < 0.1 * most
    assert add_idle([None] * 9, Timing(1, Fraction(9)), 1) == add_idle(
        [None] * 9, Timing(1, Fraction(9)), 1
    )


def test_idle_movement_comes_on_top_of_what_is_asked_for():
    timing = Timing(4, Fraction(24))
    target = parse_target("happy au=12=4.9,45=1")
    got = add_idle([target] * timing.frames, timing)
    assert all(one is not None and one.expressions == target.expressions for one in got)
    mouths = [units(one)[12].intensity for one in got]
    assert 4.9 <= min(mouths) <= max(mouths) == 5
    lids = [units(one)[BLINK].intensity for one in got]
    assert (min(lids), max(lids)) == (1, 5)


def test_poses_from_a_file(tmp_path):
    path = tmp_path / "poses.toml"
    path.write_text('[[pose]]\nat = 0\n[[pose]]\ntarget = "happy:0.5"\nease = "linear"\nat = 1.5\n')
    assert read_poses(path) == [
        Pose(at=0.0), Pose(parse_target("happy:0.5"), "linear", 1.5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[pose]]\ntarget = "sad"\n\n[[pose]]\n# traget\ntraget = "x"',
         "line 6: unknown key 'traget'; did you mean target? known: target, at, ease"),
        ("lop = true\n[[pose]]", "line 1: unknown key 'lop'"),
        ('pose = [{target = "sad"},\n  {aet = 1}]', "line 2: unknown key 'aet'; did you mean at"),
        ('[[pose]]\ntarget = "sad"\n[[pose]]\n"target" = "hapy"', "line 4: unknown expression"),
        ('[[pose]]\ntarget = "au=99=1"', "line 2: unknown action unit '99'"),
        ('[[pose]]\nat = 0\n[[pose]]\nat = "1"', "line 4: at = '1': Input should be"),
        ("[[pose]]\nat = 0\n[[pose]]\nat = 9999", "line 4: at = 9999: Input should be less"),
        ('[[pose]]\nease = "bouncy"', "line 2: unknown ease 'bouncy'; known: smooth, linear"),
        ("[[pose]]\nat = 1", "line 2: the first pose is at 0"),
        ("[[pose]]\nat = 0\n[[pose]]\nat = 0", "line 4: at = 0 does not come after 0"),
        ("[[pose]]\nat = 0\n[[pose]]\n", "line 3: this pose has no 'at'"),
        ("", "it has no [[pose]]"),
        ("pose = []", "line 1: pose = []"),
        ("[[pose\n", "cannot be read as key poses: .* line 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named_with_its_line(tmp_path, text, said):
    path = tmp_path / "poses.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_poses(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    for part in said.split(" .* "):
        assert part in message


def test_a_file_with_errors_everywhere_is_refused_quickly(tmp_path):
    path = tmp_path / "poses.toml"
    path.write_text("[[pose]]\nx = 1\n" * 900)
    with pytest.raises(UsageError, match=r"line 2: unknown key 'x'.* line 6: [^;]*; [^;]*$"):
        read_poses(path)
    path.write_text("[[pose]]\n" * 1001)
    with pytest.raises(UsageError, match="at most 1000"):
        read_poses(path)


def test_pairs_of_neighbours_share_their_pose():
    poses = [Pose(), Pose(parse_target("sad")), Pose(HAPPY), Pose()]
    targets = clip_targets(poses, Timing(10, Fraction(30)))
    for a, b in pairwise(targets):
        before, after = ({} if one is None else one.to_json() for one in (a, b))
        for name in {*before, *after}:
            assert abs(before.get(name, 0) - after.get(name, 0)) < 0.02
