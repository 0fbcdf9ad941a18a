import inspect
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, assert_type, get_type_hints

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

import faceedit
from faceedit.editing import build
from faceedit.errors import UnreadableError, UsageError
from faceedit.registry import sha256_of, write_checkpoint
from faceedit.sessions.analyzer import AnalyzerOptions
from faceedit.sessions.editor import EditorOptions

ASTRONAUT = skimage.data.astronaut()
PICTURES = [np.ascontiguousarray(ASTRONAUT[:, at : at + 300]) for at in (60, 80, 100, 120, 140)]


@pytest.fixture
def editor(fake_weights):
    with faceedit.Editor(weights=fake_weights(), device="cpu", edit_shown=True) as editor:
        yield editor


@pytest.fixture
def loads(monkeypatch):
    """Each loading of face networks and methods, by name."""
    seen = []

    def counted(name, function):
        def load(*args, **options):
            seen.append(name)
            return function(*args, **options)

        return load

    for name in ("build_finder", "load_method"):
        monkeypatch.setattr(build, name, counted(name, getattr(build, name)))
    return seen


@pytest.mark.parametrize(
    ("session", "options"),
    [(faceedit.Editor, EditorOptions), (faceedit.Analyzer, AnalyzerOptions)],
)
def test_functions_take_the_options_of_sessions(session, options):
    parameters = [*inspect.signature(session).parameters]
    assert parameters == [*get_type_hints(options)]


def test_networks_are_loaded_once(loads, editor):
    assert loads == ["build_finder"]
    for target in ("happy", "surprised", "happy:0.5+neutral:0.1"):
        editor.edit(PICTURES[0], target)
    assert len([*editor.edit_many(PICTURES, "neutral")]) == 5
    assert loads == ["build_finder", "load_method"]


def test_each_method_is_loaded_when_a_target_first_needs_it(loads, fake_weights):
    path = fake_weights()
    other = path.with_name("other.safetensors")
    write_checkpoint(
        other,
        {"weight": torch.ones(1)},
        method="reggan",
        profile="fast",
        architecture={"value": 0.1},
    )
    cards = []
    for name, file, targets in (("reggan-fast", path, ["happy", "sad"]), ("b", other, ["neutral"])):
        cards.append(
            f'[checkpoints.{name}]\nmethod = "reggan"\nprofile = "fast"\nfile = "{file.name}"\n'
            f'sha256 = "{sha256_of(file)}"\nsize = {file.stat().st_size}\ncrop_size = 64\n'
            f'targets = {targets}\nhead = "compose"\ndata = "made up"\nlicence = "CC0"\n'
        )
    (path.parent / "registry.toml").write_text("\n".join(cards))
    with faceedit.Editor(weights=path.parent, device="cpu", edit_shown=True) as editor:
        strong, weak = (editor.edit(PICTURES[0], target) for target in ("happy", "neutral"))
        assert (strong != weak).any()
        for target in ("happy", "neutral:0.3", "happy:0.2"):
            editor.edit(PICTURES[0], target)
        assert loads == ["build_finder", "load_method", "load_method"]
        with pytest.raises(UsageError, match="does not know sad"):
            editor.edit(PICTURES[0], "sad")


def test_many_give_what_one_by_one_gives_in_order(editor, tmp_path):
    alone = [editor.edit(one, "happy") for one in PICTURES]
    many = editor.edit_many((one for one in PICTURES), "happy")
    for one, same in zip(alone, many, strict=True):
        np.testing.assert_array_equal(one, same)
    paths = []
    for at, pixels in enumerate(PICTURES):
        paths.append(tmp_path / f"{at}.png")
        Image.fromarray(pixels).save(paths[-1])
    for one, same in zip(alone, editor.edit_many(paths, {"happy": 1}), strict=True):
        np.testing.assert_array_equal(one, np.asarray(same))
    for one, same in zip(alone, editor.edit_many(paths, "happy", as_array=True), strict=True):
        np.testing.assert_array_equal(one, same)
    assert [*editor.edit_many([], "happy")] == []
    assert len([*editor.edit_many(np.stack(PICTURES), "happy")]) == 5


def test_pyright_knows_what_comes_back(editor: faceedit.Editor, tmp_path: Path):
    path, image = tmp_path / "a.png", Image.fromarray(PICTURES[0])
    image.save(path)
    for one in (str(path), path, image):
        assert isinstance(assert_type(editor.edit(one, "happy"), Image.Image), Image.Image)
    array = editor.edit(path, "happy", as_array=True)
    assert isinstance(assert_type(array, np.ndarray), np.ndarray)
    array = editor.edit(PICTURES[0], ["happy"], intensity=0.5)
    assert isinstance(assert_type(array, np.ndarray), np.ndarray)
    result = editor.edit(path, {"happy": 0.5}, details=True)
    assert isinstance(assert_type(result, faceedit.EditResult), faceedit.EditResult)
    for image in editor.edit_many([path, str(path)], "happy"):
        assert isinstance(assert_type(image, Image.Image), Image.Image)
    for array in editor.edit_many([path, PICTURES[0]], "happy", as_array=True):
        assert isinstance(assert_type(array, np.ndarray), np.ndarray)
    for result in editor.edit_many([path, PICTURES[0]], "happy", details=True):
        assert isinstance(assert_type(result, faceedit.EditResult), faceedit.EditResult)


def test_a_picture_that_fails_costs_no_other_its_result(editor, tmp_path):
    images: Any = [PICTURES[0], tmp_path / "none.jpg", PICTURES[1], None, PICTURES[2]]
    results = [*editor.edit_many(images, "happy", details=True)]
    assert [one.outcome for one in results] == ["edited", "failed", "edited", "failed", "edited"]
    np.testing.assert_array_equal(results[4].pixels, editor.edit(PICTURES[2], "happy"))
    failed = results[1]
    assert isinstance(failed.error, UnreadableError)
    assert repr(failed).startswith("<EditResult failed: ")
    assert failed._repr_png_() is None
    for ask in (lambda: failed.image, lambda: failed.pixels):
        with pytest.raises(UnreadableError, match=r"none\.jpg"):
            ask()
    plain = editor.edit_many(images, "happy")
    assert next(plain).shape == PICTURES[0].shape
    with pytest.raises(UnreadableError, match=r"none\.jpg"):
        next(plain)
    assert [*plain] == []


def test_a_network_that_breaks_fails_its_picture_alone(fake_weights):
    weights = fake_weights(failing=[2, 3])
    with faceedit.Editor(weights=weights, device="cpu", edit_shown=True) as editor:
        results = [*editor.edit_many(PICTURES, "happy", details=True)]
    assert [one.outcome for one in results].count("failed") == 2
    assert {str(one.error) for one in results if one.error} == {"the network broke"}


@pytest.mark.parametrize("one", ["a.jpg", ASTRONAUT, Image.new("RGB", (8, 8)), None, 3])
def test_one_picture_is_not_many(editor, one: Any):
    with pytest.raises(UsageError, match="many pictures are taken here"):
        editor.edit_many(one, "happy")


def test_many_are_taken_as_they_are_needed(editor):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield PICTURES[0]

    before = threading.active_count()
    many = editor.edit_many(endless(), "happy")
    assert taken == []
    next(many)
    next(many)
    assert len(taken) < 20
    many.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert threading.active_count() == before


def edited_by_threads(editor, pictures, targets):
    """Return the pictures edited one by one, and the same by four threads at once."""
    jobs = [(picture, target) for picture in pictures for target in targets]
    alone = [editor.edit(*job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        return alone, [*pool.map(lambda job: editor.edit(*job), jobs)]


def test_several_threads_may_use_one_editor(editor):
    targets = ("happy", "surprised:0.5", "happy:0.2+neutral:0.3")
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        alone, together = edited_by_threads(editor, PICTURES, targets)
    finally:
        sys.setswitchinterval(interval)
    for one, same in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, same)


def test_threads_that_come_at_once_load_a_method_once(loads, editor):
    with ThreadPoolExecutor(4) as pool:
        edited = [*pool.map(lambda one: editor.edit(one, "happy"), PICTURES)]
    assert len(edited) == 5
    assert loads.count("load_method") == 1


def test_several_threads_may_use_the_shipped_networks():
    with faceedit.Editor(device="cpu", min_identity=0.2) as editor:
        alone, together = edited_by_threads(editor, PICTURES[:2], ("sad", "surprised:0.5"))
    for one, same in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, same)
    assert (alone[0] != PICTURES[0]).any()


def test_a_closed_session_says_so(fake_weights, recogniser_weights):
    editor = faceedit.Editor(weights=fake_weights(), device="cpu", edit_shown=True)
    with editor:
        running = editor.edit_many(PICTURES, "happy")
        unasked = editor.edit_many(PICTURES, "happy")
        next(running)
    with pytest.raises(UsageError, match="this Editor is closed"):
        editor.edit(PICTURES[0], "happy")
    with pytest.raises(UsageError, match="this Editor is closed"):
        editor.edit_many(PICTURES, "happy")
    for iterator in (running, unasked):
        with pytest.raises(UsageError, match="this Editor is closed"):
            next(iterator)
    with pytest.raises(UsageError, match="this Editor is closed"), editor:
        pass
    with faceedit.Analyzer(weights=recogniser_weights, device="cpu") as analyzer:
        pass
    with pytest.raises(UsageError, match="this Analyzer is closed"):
        analyzer.analyze(ASTRONAUT)


def test_an_analyzer_reads_again_and_again(recogniser_weights, tmp_path):
    Image.fromarray(ASTRONAUT).save(tmp_path / "a.png")
    with faceedit.Analyzer(weights=recogniser_weights, device="cpu", identity=True) as analyzer:
        images = [ASTRONAUT, Image.fromarray(ASTRONAUT), tmp_path / "a.png"] * 2
        threads = ThreadPoolExecutor(3)
        readings = [*threads.map(analyzer.analyze, images)]
        threads.shutdown()
    one = faceedit.analyze(ASTRONAUT, weights=recogniser_weights, device="cpu")
    for (reading,) in readings:
        np.testing.assert_array_equal(
            reading.expression.probabilities, one[0].expression.probabilities
        )


def test_a_reading_shows_itself(recogniser_weights, monkeypatch):
    from faceedit.analysis import words

    readings = faceedit.analyze(ASTRONAUT, weights=recogniser_weights, device="cpu")
    assert len(repr(readings)) < 120
    assert repr(readings).startswith("[<FaceReading ")
    assert readings[0].expression.name in repr(readings)
    page = readings[0]._repr_html_()
    assert page.count("<tr>") == 8
    assert "naturalness" in page
    monkeypatch.setattr(words, "table_rows", lambda reading: [("<b>", "a & b <script>")])
    page = readings[0]._repr_html_()
    assert "&lt;b&gt;" in page
    assert "a &amp; b &lt;script&gt;" in page
