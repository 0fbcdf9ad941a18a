"""The method of ``docs/add-a-method.md``, as it stands there, trained, listed, and used."""

import re
import sys
from pathlib import Path

import contract
import numpy as np
import pytest
import torch

from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.faces.align import extract_crop
from faceedit.methods.catalogue import METHODS, find_training
from faceedit.registry import open_registry, sha256_of
from faceedit.targets import Part, parse_target
from faceedit.training.task import TrainingRequest

PAGE = Path(__file__).parents[2] / "docs" / "add-a-method.md"
GAIN = 0.2


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Write the page's code as a package, and list it; give its card."""
    text = PAGE.read_text()
    for name, code in re.findall(r"```python\n# (\S+)\n(.*?)```", text, re.DOTALL):
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    monkeypatch.syspath_prepend(tmp_path / "code")
    for name in [name for name in sys.modules if name.split(".")[0] == "glow"]:
        monkeypatch.delitem(sys.modules, name)
    import glow  # pyright: ignore[reportMissingImports]

    # What ships for light would be taken first.
    monkeypatch.delitem(METHODS, "legan")
    monkeypatch.setitem(METHODS, "glow", glow.DESCRIPTOR)
    (card,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    return card


@pytest.fixture
def request_(tmp_path):
    before = np.random.default_rng(0).random((6, 8, 8, 3), np.float32) / 2
    np.savez(tmp_path / "pairs.npz", before=before, after=before * np.float32(np.exp(GAIN)))
    folder = tmp_path / "run"
    folder.mkdir()
    data = (tmp_path / "pairs.npz",)
    return TrainingRequest(data, "fast", folder, torch.device("cpu"), workers=0)


def test_the_page_s_method_keeps_the_contract(page, request_, tmp_path, monkeypatch, finder, five):
    pytest.importorskip("lightning.fabric")
    from faceedit.training.engine import EngineOptions, train

    build = find_training("glow")
    contract.check_training(build(request_))
    outcome = train(build, request_, EngineOptions())
    assert outcome.finished
    user = tmp_path / "user"
    user.mkdir()
    weights = user / "glow-fast.safetensors"
    (request_.folder / "glow-fast.safetensors").rename(weights)
    card = page.replace("SHA256", sha256_of(weights))
    card = card.replace("= SIZE", f"= {weights.stat().st_size}")
    (user / "registry.toml").write_text(card)
    (user / "glow-fast.md").write_text("What it was trained on and where it fails. " * 10)
    monkeypatch.setenv("FACEEDIT_WEIGHTS", str(user))

    registry, line = open_registry(), METHODS["glow"]
    method = contract.load(line, registry)
    crops = [extract_crop(five, face.landmarks, 64) for face in finder.find(five)[:2]]
    contract.check_line(line, method)
    contract.check_edits(line, method, crops)
    contract.check_company(line, method, crops)
    contract.check_refusals(method)
    contract.check_weights(line, registry, crops, tmp_path)
    contract.check_card(line, registry)

    target = parse_target("happy light=bright:0.5")
    editor = EditNetworks(EditSettings(target, device="cpu", edit_shown=True)).editor(target)
    assert [step.parts for step in editor.steps] == [(Part.EXPRESSION,), (Part.LIGHT,)]
    alone = EditNetworks(EditSettings(target, device="cpu", edit_shown=True)).editor(
        target.only(Part.EXPRESSION)
    )
    faces = editor.find(five)[:1]
    both = editor.edit_faces(five, faces, target).pixels
    smile = alone.edit_faces(five, faces, target.only(Part.EXPRESSION)).pixels
    x, y = faces[0].landmarks[1, :2].astype(int)
    place = np.s_[y - 6 : y + 7, x - 6 : x + 7]
    assert both[place].mean() / smile[place].mean() == pytest.approx(np.exp(GAIN / 2), rel=0.03)
