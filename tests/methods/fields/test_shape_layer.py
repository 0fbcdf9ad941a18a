import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.faces.topology import OUTER_EYE_CORNERS
from faceedit.methods.fields.shape_fit import fit_shape_layer, tune_shape_layer
from faceedit.methods.fields.shape_layer import ShapeLayer
from faceedit.methods.reggan.condition import BLOCKS, SPEC, block_shares
from faceedit.methods.reggan.fit_layers import motions
from faceedit.studio.shapes import LEVELS
from faceedit.targets import EXPRESSIONS


def fit(table=None, amplitudes=None, components=made_up.COMPONENTS, ridge=1e-6) -> ShapeLayer:
    table = table or made_up.shape_table()
    moved = motions(table, amplitudes or made_up.AMPLITUDES)
    return fit_shape_layer(moved, SPEC, components, ridge)


@pytest.fixture(scope="module")
def layer() -> ShapeLayer:
    return fit()


def strengths(**asked: float) -> torch.Tensor:
    return torch.tensor([[asked.get(name, 0.0) for name in EXPRESSIONS]])


def only(block: str) -> torch.Tensor:
    return torch.tensor([[float(name == block) for name in BLOCKS]])


def move(layer: ShapeLayer, landmarks: np.ndarray, shares: torch.Tensor) -> list[np.ndarray]:
    """Landmarks, jaws and moved jaws of one face."""
    faces = layer(torch.from_numpy(landmarks[None]), shares)
    return [part[0].numpy() for part in (faces.landmarks, faces.jaws, faces.jaws_moved)]


def test_strength_nothing_moves_nothing(layer):
    landmarks = made_up.place(made_up.person(90))
    moved, jaws, jaws_moved = move(layer, landmarks, block_shares(strengths()))
    np.testing.assert_array_equal(moved, landmarks[:, :2])
    np.testing.assert_array_equal(jaws, jaws_moved)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("unit", [60.0, 100.0])
def test_a_linear_map_is_found_again_on_faces_of_any_size(layer, block, unit):
    shape = made_up.person(91)
    moved, jaws, jaws_moved = move(layer, made_up.place(shape, unit, centre=(80, 70)), only(block))
    wanted = unit * made_up.moves(shape)[BLOCKS.index(block)]
    start = unit * np.concatenate([shape[:, :2], made_up.jaws(shape)]) + np.array([80, 70])
    np.testing.assert_allclose(jaws, start[478:], atol=0.05)
    found = np.concatenate([moved, jaws_moved])
    np.testing.assert_allclose(found, start + wanted, atol=0.05)
    assert np.abs(wanted).max() > 0.5


def test_what_a_face_shows_bends_the_map():
    # A face keeps only what it shows beyond a threshold: no linear map says so.
    def moves(shape):
        shown = max(0.0, made_up.height(shape))
        return shown * np.tile(made_up.smile(), (len(BLOCKS), 1, 1))

    table = made_up.shape_table(60, moves)
    layer = fit(table, ridge=0.01)
    people = [made_up.person(n) for n in range(200, 230)]
    landmarks = torch.from_numpy(np.stack([made_up.place(shape) for shape in people]))
    wanted = made_up.UNIT * np.stack([moves(shape)[0, :478] for shape in people])

    def error():
        moved = layer(landmarks, only("happy").expand(30, -1)).landmarks - landmarks[..., :2]
        return np.abs(moved.numpy() - wanted).mean()

    bent = error()
    layer.bend.zero_()
    assert bent < 0.3 * error()
    assert bent < 0.1 * np.abs(wanted).mean()


def test_blocks_add_up(layer):
    landmarks = made_up.place(made_up.person(92))
    mixed = move(layer, landmarks, 0.5 * only("happy") + 1.2 * only("sad"))[0] - landmarks[:, :2]
    happy, sad = (move(layer, landmarks, only(b))[0] - landmarks[:, :2] for b in ("happy", "sad"))
    np.testing.assert_allclose(mixed, 0.5 * happy + 1.2 * sad, atol=1e-3)


def test_strength_one_is_the_amplitude_that_it_stands_for():
    # Every face moves alike, so that the ridge has nothing to shrink.
    calm, moved = np.full((498, 2), [0.0, 1.0]), np.full((498, 2), [0.0, 3.0])
    table = made_up.shape_table(6, lambda shape: np.stack([calm] * 2 + [moved] * 7))
    amplitudes = {**made_up.AMPLITUDES, "happy": LEVELS[0], "sad": 1.25}
    layer = fit(table, amplitudes, ridge=10.0)
    landmarks = made_up.place(made_up.person(93))
    unit = np.ptp(landmarks[list(OUTER_EYE_CORNERS), 0])
    for name in ("happy", "sad", "surprised"):
        found = move(layer, landmarks, only(name))[0] - landmarks[:, :2]
        wanted = unit * 3.0 * amplitudes[name] / made_up.AMPLITUDES[name]
        np.testing.assert_allclose(found[:, 1], wanted, rtol=1e-4)
        np.testing.assert_allclose(found[:, 0], 0, atol=0.05)


def test_mirrored_faces_move_mirrored_but_for_what_is_one_sided():
    layer = fit(made_up.shape_table(noise=0.01), components=8, ridge=0.1)
    landmarks = made_up.place(made_up.person(94), centre=(140.0, 90.0))
    mirrored = made_up.in_a_mirror(landmarks)
    for block in BLOCKS:
        moved, jaws, jaws_moved = move(layer, landmarks, only(block))
        in_mirror = move(layer, mirrored, only(block))
        wanted = [
            made_up.in_a_mirror(moved),
            made_up.jaws_in_a_mirror(jaws),
            made_up.jaws_in_a_mirror(jaws_moved),
        ]
        off = max(np.abs(a - b).max() for a, b in zip(in_mirror, wanted, strict=True))
        assert off > 2 if block in SPEC.one_sided else off < 0.02, block


def test_a_stronger_ridge_moves_all_faces_more_alike():
    def spread(ridge: float) -> float:
        weight = fit(made_up.shape_table(), ridge=ridge).weight
        return weight[BLOCKS.index("happy"), 1:].norm().item()

    assert spread(1e-6) > 2 * spread(100.0) > 0


def test_half_precision_is_enough(layer):
    landmarks = made_up.place(made_up.person(95))
    whole = move(layer, landmarks, only("happy"))[0]
    half = ShapeLayer(made_up.COMPONENTS, SPEC.width)
    half.load_state_dict({k: v.half().float() for k, v in layer.state_dict().items()})
    np.testing.assert_allclose(move(half, landmarks, only("happy"))[0], whole, atol=0.3)


def test_too_few_faces_are_named():
    table = made_up.shape_table(4, noise=0.01)
    fit(table, components=7)
    with pytest.raises(UsageError, match=r"4 faces do not tell 8 components .*studio shapes"):
        fit(table, components=8)


def tuned(ridge: float) -> tuple[ShapeLayer, ShapeLayer, torch.Tensor, torch.Tensor]:
    """A layer before and after people, who smile and grieve 3 pixels lower than it says."""
    before, after = fit(), fit()
    people = [made_up.place(made_up.person(number)) for number in range(40, 60)]
    landmarks = torch.from_numpy(np.stack(people))
    shares = block_shares(torch.eye(len(EXPRESSIONS))[[1, 2] * 10])
    moved = before(landmarks, shares).landmarks + torch.tensor([0.0, 3.0])
    tune_shape_layer(after, landmarks, moved, shares, ridge, range(1, 9))
    return before, after, landmarks, moved


def test_a_tuned_layer_does_as_real_faces_do():
    _, after, landmarks, moved = tuned(1e-6)
    shares = block_shares(torch.eye(len(EXPRESSIONS))[[1, 2] * 10])
    torch.testing.assert_close(after(landmarks, shares).landmarks, moved, atol=0.02, rtol=0)


@pytest.mark.parametrize(("ridge", "least", "most"), [(1e6, 0.0, 0.01), (10.0, 1.2, 1.8)])
def test_a_strong_ridge_keeps_what_a_tuned_layer_was(ridge, least, most):
    # Ten people each against a ridge of ten: half of the way.
    before, after, landmarks, _ = tuned(ridge)
    shares = only("happy").expand(len(landmarks), -1)
    change = (after(landmarks, shares).landmarks - before(landmarks, shares).landmarks)[..., 1]
    assert least <= change.mean().item() <= most


def test_tuning_leaves_other_blocks_and_jaws_alone():
    before, after, _, _ = tuned(1.0)
    changed = (before.weight != after.weight).any(1)
    assert changed[:, 956:].sum() == 0
    assert [b for b, c in zip(BLOCKS, changed.any(1).tolist(), strict=True) if c] == [
        "happy",
        "sad",
    ]


def test_irises_that_no_face_moves_stay_exactly(layer):
    landmarks = made_up.place(made_up.person(40))
    moved = move(layer, landmarks, only("happy"))[0]
    np.testing.assert_array_equal(moved[468:], landmarks[468:, :2])
