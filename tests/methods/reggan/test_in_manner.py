from dataclasses import replace

import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.faces.topology import MOUTH_CORNERS, mean_shape
from faceedit.methods.fields.shape_layer import MovedFaces
from faceedit.methods.reggan.condition import BLOCKS
from faceedit.methods.reggan.in_manner import manners_for, move_in_manner
from faceedit.targets import EXPRESSIONS, parse_target
from faceedit.targets.manners import MANNERS, PARTS, manners_of

BROW, LID, LIP = 105, 159, 14
SAD, ANGRY = BLOCKS.index("sad"), BLOCKS.index("angry")


def layer(landmarks, condition):
    """Sadness goes down by 10 pixels and anger aside by 10, everywhere."""
    moved = landmarks[..., :2].clone()
    moved[..., 1] += 10 * condition[:, SAD, None]
    moved[..., 0] += 10 * condition[:, ANGRY, None]
    jaws = torch.zeros(len(landmarks), 20, 2)
    return MovedFaces(moved, jaws, jaws + 10 * condition[:, SAD, None, None])


def moves(text: str, strength: float = 1.0):
    target = parse_target(text)
    face = made_up.place(mean_shape(), 90.0)
    given = torch.from_numpy(face).float()[None]
    asked = torch.zeros(len(BLOCKS))
    asked[SAD] = strength
    faces = move_in_manner(layer, given, asked, [manners_for(face, target)])
    return (faces.landmarks[0] - given[0, :, :2]).numpy(), faces.jaws_moved[0].numpy()


def test_each_part_goes_as_far_as_its_manner_says():
    for number, manner in enumerate(MANNERS["sad"], 1):
        moved, jaws = moves(f"sad:manner{number}")
        for point, part in zip((BROW, LID, LIP), PARTS, strict=True):
            assert moved[point, 1] == pytest.approx(10 * getattr(manner, part), abs=1e-3)
        np.testing.assert_allclose(jaws, 10 * manner.mouth, atol=1e-3)
        mixed = {part: share for part, other, share in manner.mixed if other == "angry"}
        assert moved[LIP, 0] == pytest.approx(10 * mixed.get("mouth", 0), abs=1e-3)


def test_a_smirk_leaves_the_middle_of_the_lips_and_the_other_corner():
    face = torch.from_numpy(made_up.place(mean_shape(), 90.0)).float()[None]
    asked = torch.zeros(len(BLOCKS))
    asked[BLOCKS.index("contemptuous")] = 1

    def drag(landmarks, condition):
        faces = layer(landmarks, condition)
        return replace(faces, landmarks=faces.landmarks + 10 * condition[:, [-1], None])

    faces = move_in_manner(drag, face, asked, [[]])
    moved = (faces.landmarks - face[..., :2])[0].numpy()
    right, left = MOUTH_CORNERS
    np.testing.assert_allclose(moved[right], 0, atol=1e-3)
    assert abs(moved[LIP]).max() < 1 and moved[left].min() > 4


def test_manners_scale_with_the_strength_and_nothing_stays_nothing():
    whole, half = moves("sad:manner2")[0], moves("sad:manner2", 0.5)[0]
    np.testing.assert_allclose(half, whole / 2, atol=1e-4)
    assert not moves("sad:manner2", 0.0)[0].any()


def test_a_face_has_a_manner_of_its_own_in_every_size_and_people_differ():
    target = parse_target("sad")
    mean = mean_shape().astype(np.float64)
    spread = 0.02 * np.linalg.norm(mean[33] - mean[263])
    people = [mean + np.random.default_rng(n).normal(0, spread, mean.shape) for n in range(30)]
    own = [manners_for(one, target)[0][1] for one in people]
    assert own == [manners_for(2 * one, target)[0][1] for one in people]
    assert len({MANNERS["sad"].index(one) for one in own}) >= 3


def test_all_expressions_of_feelings_have_three_manners_or_more():
    for name in EXPRESSIONS:
        expected = 1 if name in ("neutral", "contemptuous") else 3
        assert len(manners_of(name)) >= expected
    with pytest.raises(UsageError, match="sad has manners 1 to 4, no 9"):
        parse_target("sad:manner9")
    with pytest.raises(UsageError, match="one manner only"):
        parse_target("neutral light=left").in_manner(2)
    assert str(parse_target("happy:0.6+angry").in_manner(9)) == "happy:manner3:0.6+angry:manner3"


def test_every_manner_of_fear_draws_the_mouth_wide_and_drops_the_jaw_less():
    for manner in MANNERS["afraid"]:
        mouth = {other: share for part, other, share in manner.mixed if part == "mouth"}
        assert mouth["surprised"] < 0 and 0 < mouth["happy"] < 0.5
