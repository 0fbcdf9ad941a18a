import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import cv2
import made_up
import numpy as np
import pytest
import skimage.data
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.utils.data import DataLoader

from faceedit.errors import UsageError
from faceedit.faces.pose import to_mean_face
from faceedit.faces.raster import rasterize_mesh
from faceedit.methods.reggan import method, stage_one, train_fast, train_paper
from faceedit.methods.reggan import train as train_module
from faceedit.methods.reggan.discriminator import PyramidDiscriminator
from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.generator import FieldGenerator
from faceedit.methods.reggan.recipe import FastRecipe, RegGANRecipe
from faceedit.methods.reggan.refinement import RefinementConfig
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.methods.reggan.run import Run
from faceedit.methods.reggan.samples import Material, Samples
from faceedit.methods.reggan.stage_one import Measured, fit_expression_layer, measure, pair_images
from faceedit.methods.reggan.supervision import mesh_flow
from faceedit.methods.reggan.textures import plain_textures
from faceedit.registry import load_checkpoint

CPU = torch.device("cpu")
GOLDEN = Path(__file__).parents[1] / "faces" / "golden" / "astronaut.npz"
PAPER = RegGANRecipe(
    batch_size=2, epochs=1, colour_copies=0, discriminator_width=4, discriminator_scales=2
)


@pytest.fixture
def tiny(monkeypatch):
    """A fast profile of little width."""
    monkeypatch.setattr(RefinementConfig, "fast", staticmethod(made_up.tiny_config))


@pytest.fixture
def measured(monkeypatch) -> Measured:
    """Stage one without its cost."""
    known = Measured(
        made_up.prior(), plain_textures().textures, np.array([0.3]), np.array([0.0, 0.4, 0.4])
    )
    monkeypatch.setattr(train_fast, "measure", lambda *args: known)
    for module in (train_fast, train_paper):
        monkeypatch.setattr(
            module, "fit_expression_layer", lambda pairs, size, *args: ExpressionLayer(size)
        )
    return known


def stop_after(monkeypatch, module, calls: int) -> None:
    """Let the clock of a training jump after so many looks at it."""
    ticks = count()
    clock = SimpleNamespace(perf_counter=lambda: 0.0 if next(ticks) < calls else 1e6)
    monkeypatch.setattr(module, "time", clock)


def run_in(folder: Path, **changes) -> Run:
    return Run(folder, CPU, workers=0, **changes)


def assert_same_state(one: Path, two: Path) -> None:
    first, second = load_file(one / "state.safetensors"), load_file(two / "state.safetensors")
    assert first.keys() == second.keys()
    different = [k for k in first if k != "random" and not torch.equal(first[k], second[k])]
    assert different == []


def steps_of(folder: Path) -> int:
    with safe_open(folder / "state.safetensors", framework="pt") as file:
        return json.loads(file.metadata()["notes"])["step"]


def test_fast_training_goes_on_as_if_it_never_stopped(tmp_path, tiny, measured, monkeypatch):
    recipe, faces = FastRecipe(steps=4, batch_size=2, warm_up=2), made_up.people()
    monkeypatch.setattr(train_fast, "write_sample_sheet", lambda *args: None)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_fast.train_fast(faces, "happy", recipe, run_in(whole))
    with monkeypatch.context() as patched:
        stop_after(patched, train_fast, 7)
        train_fast.train_fast(faces, "happy", recipe, run_in(parts, max_seconds=9.0))
    assert 0 < steps_of(parts) < 4
    path = train_fast.train_fast(faces, "happy", recipe, run_in(parts, resume=True))
    assert steps_of(parts) == 4
    assert_same_state(whole, parts)
    assert path.read_bytes() == (whole / path.name).read_bytes()
    with pytest.raises(UsageError, match="another folder"):
        train_fast.train_fast(faces, "sad", recipe, run_in(parts, resume=True))


def test_paper_training_goes_on_as_if_it_never_stopped(tmp_path, measured, monkeypatch):
    config, faces = made_up.tiny_config(3, 3), made_up.people()[:4]
    monkeypatch.setattr(train_paper, "_write_sheet", lambda *args: None)

    def train(folder, **changes):
        return train_paper.train_paper(
            faces, "happy", replace(PAPER, epochs=2), run_in(folder, **changes), None, config, 64
        )

    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(whole)
    with monkeypatch.context() as patched:
        stop_after(patched, train_paper, 5)
        train(parts, max_seconds=9.0)
    assert 0 < steps_of(parts) < steps_of(whole) == 4
    train(parts, resume=True)
    assert_same_state(whole, parts)


def test_descent_on_known_fields_lowers_the_loss(measured):
    torch.manual_seed(0)
    generator = made_up.tiny_generator()
    material = Material(
        made_up.people()[:2], made_up.aligned_pairs()[:1], "happy", measured.prior,
        measured.tooth_weights, generator.targets,
    )  # fmt: skip
    batch = next(iter(DataLoader(Samples(material, 0), batch_size=3, sampler=range(3))))
    optimiser = torch.optim.Adam(generator.parameters())
    recipe = FastRecipe(learning_rate=5e-3, warm_up=1, steps=1000)
    totals = [
        train_fast.field_step(generator, optimiser, batch, recipe, i, CPU)["total"].item()
        for i in range(8)
    ]
    assert totals[-1] < 0.7 * totals[0]


def test_descent_against_discriminators_lowers_the_pixel_loss():
    torch.manual_seed(0)
    generator = RgbGenerator(("neutral", "happy"), 64, made_up.tiny_config(3, 3))
    discriminator = PyramidDiscriminator(width=4, scales=2)
    before = {k: v.clone() for k, v in discriminator.state_dict().items()}
    optimisers: dict[str, torch.optim.Optimizer] = {
        "generator": torch.optim.Adam(generator.parameters(), 5e-3),
        "discriminator": torch.optim.Adam(discriminator.parameters(), 1e-3),
    }
    pairs = made_up.aligned_pairs()[:2]
    batch = train_paper.draw_batch(np.random.default_rng(0), pairs, generator.targets, 2, 64)
    steps = [
        train_paper.adversarial_step(generator, discriminator, optimisers, *batch, None, PAPER)
        for _ in range(10)
    ]
    assert steps[-1]["pixel"] < 0.8 * steps[0]["pixel"]
    assert all(torch.isfinite(v) for v in steps[-1].values())
    assert all(p.requires_grad for p in discriminator.parameters())
    assert any(not torch.equal(v, before[k]) for k, v in discriminator.state_dict().items())


def test_batches_of_pairs_go_both_ways():
    pairs = made_up.aligned_pairs()[:2]
    rng = np.random.default_rng(0)
    inputs, real, strengths = train_paper.draw_batch(rng, pairs, ("neutral", "happy"), 8, 64)
    assert inputs.shape == real.shape == (8, 3, 64, 64)
    assert inputs.min() >= -1
    assert inputs.max() <= 1
    assert strengths.sum(1).tolist() == [1.0] * 8
    assert 0 < strengths[:, 1].sum() < 8
    given = stage_one.to_signed(pair_images(pairs[0], to_neutral=True)[0], 64)
    towards_neutral = inputs[strengths[:, 0] == 1]
    near = [(x - y).abs().mean() for x in towards_neutral for y in (given, given.flip(2))]
    assert min(near) < 0.3


def test_colour_copies_do_not_loosen_the_ridge():
    # Recoloured by its own person, a copy is the pair itself once more.
    alone = made_up.aligned_pairs()[:1]
    few, many = (
        fit_expression_layer(alone, 16, RegGANRecipe(colour_copies=n), False) for n in (0, 3)
    )
    torch.testing.assert_close(few.weight, many.weight, atol=0.02, rtol=0)
    torch.testing.assert_close(few.bias, many.bias, atol=0.02, rtol=0)


def test_an_expression_layer_brings_training_pairs_nearer():
    recipe = RegGANRecipe(colour_copies=1, ridge=1e-3)
    pairs = made_up.aligned_pairs()
    for to_neutral in (False, True):
        layer = fit_expression_layer(pairs, 32, recipe, to_neutral)
        before = after = 0.0
        for pair in pairs:
            given, real = (stage_one.to_signed(i, 32) for i in pair_images(pair, to_neutral))
            before += (given - real).abs().mean().item()
            after += (layer(given[None])[0] - real).abs().mean().item()
        assert after < 0.7 * before


def test_what_is_measured_is_written_and_read(tmp_path):
    pairs, faces = made_up.aligned_pairs(), made_up.people()
    known = measure(faces, pairs, "happy", 0.0)
    # None of these mouths shows teeth: a plain texture stands in.
    assert len(known.textures) == len(known.texture_half_width) == 1
    assert known.tooth_weights.shape == (3,)
    known.save(tmp_path / "measured.npz")
    again = Measured.load(tmp_path / "measured.npz")
    np.testing.assert_array_equal(again.textures, known.textures)
    np.testing.assert_array_equal(again.prior.displacement, known.prior.displacement)
    landmarks = faces[1].landmarks
    assert again.prior.shown(landmarks)[0] == known.prior.shown(landmarks)[0]
    with np.load(tmp_path / "measured.npz") as arrays:
        assert set(arrays) == {
            *("prior_displacement", "prior_log_ratio", "prior_atlas", "prior_style"),
            *("prior_shown_mean", "prior_shown_weights"),
            *("textures", "texture_half_width", "tooth_weights"),
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The astronaut in five colours as five people, made to smile more by a known flow."""
    data = tmp_path_factory.mktemp("people")
    photo = skimage.data.astronaut()[:320, 80:400]
    landmarks = np.load(GOLDEN)["landmarks"].astype(np.float64) - [80, 0, 0]
    moved = landmarks + to_mean_face(landmarks).inverse_vectors(-0.8 * made_up.smile())
    raster = rasterize_mesh(moved, photo.shape[:2])
    flow = mesh_flow(landmarks, moved, raster, 90.0)
    rows, columns = np.mgrid[:320, :320].astype(np.float32)
    calm = cv2.remap(photo, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)
    for person in range(5):
        for name, picture in (("neutral", calm), ("happy", photo)):
            colours = np.array([1.0, 0.95, 0.9]) ** person
            path = data / f"person-{person}" / f"{name}.png"
            path.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(path), np.rint(picture * colours).astype(np.uint8)[..., ::-1])
    (data / "person-0" / "sad.png").write_bytes(b"no picture")
    cv2.imwrite(str(data / "person-1" / "sad.png"), np.zeros((64, 64, 3), np.uint8))
    return data


def test_from_a_folder_of_people_to_a_checkpoint(folder, tmp_path, tiny):
    lines: list[str] = []
    run = run_in(tmp_path / "run", tell=lines.append)
    path = train_module.train_reggan(folder, "happy", "fast", run, steps=2, batch_size=2)
    loaded = method.load(load_checkpoint(path, method="reggan", profile="fast"), CPU)
    assert loaded.targets == ("neutral", "happy")
    names = sorted(p.name for p in (tmp_path / "run").iterdir())
    assert {"log.jsonl", "measured.npz", "reggan-fast.safetensors", "state.safetensors"} <= set(
        names
    )
    assert "sheet-last.jpg" in names
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [1]
    assert {"total", "flow", "photo"} <= log[0].keys()
    assert any("left out" in line and "sad.png" in line for line in lines)
    assert any("no face found" in line for line in lines)


@pytest.mark.parametrize("expression", ["angry", "sad"])
def test_too_few_pairs_are_named(folder, tmp_path, expression):
    with pytest.raises(
        UsageError, match=f"0 training people are there both neutral and {expression}"
    ):
        train_module.train_reggan(folder, expression, "fast", run_in(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_unknown_profile_and_needless_vgg(tmp_path):
    run = run_in(tmp_path)
    with pytest.raises(UsageError, match="unknown profile 'slow'; known: fast, paper"):
        train_module.train_reggan(tmp_path, "happy", "slow", run)
    with pytest.raises(UsageError, match="VGG-19"):
        train_module.train_reggan(tmp_path, "happy", "fast", run, vgg=tmp_path / "vgg.pth")


def test_a_new_run_begins_a_new_log(tmp_path):
    lines: list[str] = []
    run = run_in(tmp_path / "run", resume=True, tell=lines.append)
    assert not run.begin()
    assert "a new training begins" in lines[0]
    run.log(1, {"total": torch.tensor(2.0)}, 0.5)
    assert json.loads((run.folder / "log.jsonl").read_text()) == {
        "step": 1,
        "seconds": 0.5,
        "total": 2.0,
    }
    assert not run_in(run.folder).begin()
    assert not (run.folder / "log.jsonl").exists()


def test_old_states_without_targets_are_taken(tmp_path):
    run = run_in(tmp_path)
    run.check_targets({"step": 3}, ("neutral", "happy"))
    run.check_targets({"targets": ["neutral", "happy"]}, ("neutral", "happy"))
    with pytest.raises(UsageError, match="neutral, sad"):
        run.check_targets({"targets": ["neutral", "sad"]}, ("neutral", "happy"))


def test_a_sheet_leaves_the_network_as_it_was(tmp_path, measured):
    generator: FieldGenerator = made_up.tiny_generator().train()
    train_fast.write_sample_sheet(
        tmp_path / "sheet.jpg", generator, measured, made_up.people()[:2], "happy"
    )
    sheet = np.asarray(cv2.imread(str(tmp_path / "sheet.jpg")))
    assert sheet.shape[1] == 5 * 256
    assert sheet.shape[0] > 2 * 256
    assert generator.training
    assert all(p.requires_grad for p in generator.parameters())
