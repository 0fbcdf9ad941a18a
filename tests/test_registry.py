import io
import json
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from faceedit.errors import WeightsError
from faceedit.registry import (
    Registry,
    load_checkpoint,
    open_registry,
    packaged_weights,
    read_cards,
    read_header,
    sha256_of,
    user_weights,
    write_checkpoint,
)
from faceedit.targets import parse_target

NEUTRAL_CARD = """
[checkpoints.{name}]
method = "reggan"
profile = "{profile}"
file = "{name}.safetensors"
sha256 = "{sha256}"
size = {size}
crop_size = 256
targets = {targets}
head = "compose"
data = "made up"
licence = "Apache-2.0"
{more}
"""


def write_tiny(path, method="reggan", profile="fast", value=1.0, metadata=None):
    return write_checkpoint(
        path,
        {"weight": torch.full((2, 3), value, dtype=torch.float16), "bias": torch.zeros(3)},
        method=method,
        profile=profile,
        architecture={"width": 8},
        metadata=metadata,
    )


def add_card(folder, name, sha256, size, profile="fast", targets=("happy",), more=""):
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "registry.toml").open("a") as file:
        file.write(
            NEUTRAL_CARD.format(
                name=name,
                sha256=sha256,
                size=size,
                profile=profile,
                targets=json.dumps(list(targets)),
                more=more,
            )
        )


def add_tiny(folder, name="tiny", profile="fast", value=1.0, **card):
    path = folder / f"{name}.safetensors"
    add_card(
        folder,
        name,
        write_tiny(path, profile=profile, value=value),
        path.stat().st_size,
        profile,
        **card,
    )
    return path


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.safetensors"
    write_tiny(path, metadata={"licence": "CC0"})
    return path


def test_a_written_checkpoint_loads_as_it_was(tiny):
    checkpoint = load_checkpoint(tiny, sha256_of(tiny))
    assert checkpoint.method == "reggan"
    assert checkpoint.profile == "fast"
    assert checkpoint.architecture == {"width": 8}
    assert checkpoint.metadata["licence"] == "CC0"
    assert checkpoint.tensors["weight"].dtype == torch.float16
    assert torch.equal(checkpoint.tensors["weight"], torch.ones(2, 3, dtype=torch.float16))


def test_writing_twice_gives_one_hash(tmp_path):
    text = {key: key for key in "abcdefgh"}
    first = write_tiny(tmp_path / "a.safetensors", metadata=text)
    assert write_tiny(tmp_path / "b.safetensors", metadata=text) == first
    assert first == sha256_of(tmp_path / "a.safetensors")


def test_tied_and_strided_tensors_can_be_written(tmp_path):
    base = torch.arange(6.0).reshape(2, 3)
    path = tmp_path / "tied.safetensors"
    write_checkpoint(
        path, {"a": base, "b": base, "c": base.t()}, method="m", profile="p", architecture={}
    )
    assert torch.equal(load_checkpoint(path).tensors["c"], base.t())


def test_a_failed_write_leaves_the_old_file_and_no_other(tiny):
    before = tiny.read_bytes()
    with pytest.raises(WeightsError, match="cannot be written"):
        write_tiny(tiny / "below-a-file.safetensors")
    with pytest.raises(ValueError, match="method"):
        write_checkpoint(tiny, {}, method="", profile="p", architecture={})
    with pytest.raises(TypeError):
        write_checkpoint(tiny, {}, method="m", profile="p", architecture={"x": object()})
    assert tiny.read_bytes() == before
    assert [path.name for path in tiny.parent.iterdir()] == [tiny.name]


def test_a_write_that_fails_midway_leaves_the_old_file(tiny, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    before = tiny.read_bytes()
    monkeypatch.setattr("faceedit.registry.checkpoint.os.fsync", full)
    with pytest.raises(WeightsError, match="No space left on device"):
        write_tiny(tiny, value=2.0)
    assert tiny.read_bytes() == before
    assert [path.name for path in tiny.parent.iterdir()] == [tiny.name]


def test_metadata_cannot_replace_what_the_checkpoint_is(tmp_path):
    with pytest.raises(ValueError, match="architecture"):
        write_checkpoint(
            tmp_path / "x.safetensors",
            {},
            method="m",
            profile="p",
            architecture={},
            metadata={"architecture": "{}"},
        )


def _truncated(good):
    return good[:-2]


def _truncated_in_header(good):
    return good[:40]


def _too_long(good):
    return good + b"\0"


def _pointer(good):
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"


def _huge_header(good):
    return struct.pack("<Q", 200_000_000) + good[8:]


def _zipped(good):
    stream = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, stream)
    return stream.getvalue()


def _pickled(good):
    return pickle.dumps({"weight": [0.0] * 50}, protocol=2)


def _framed_pickle(good):
    return pickle.dumps({"weight": [0.0] * 50}, protocol=4)


def _bad_json(good):
    return struct.pack("<Q", 16) + b"{" * 16


def _list_json(good):
    return struct.pack("<Q", 2) + b"[]"


def _deep_json(good):
    return struct.pack("<Q", 200_000) + b"[" * 200_000


def _no_offsets(good):
    raw = b'{"weight":{"dtype":"F32","shape":[1]}}'
    return struct.pack("<Q", len(raw)) + raw


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda good: b"", "is empty"),
        (lambda good: b"abc", "truncated, only 3 bytes"),
        (_truncated, "truncated"),
        (_truncated_in_header, "over-long header.*truncated or damaged"),
        (_too_long, "1 bytes too long"),
        (_pointer, "git lfs pull"),
        (_huge_header, "over-long header, it claims 200000000"),
        (_zipped, "torch.save.*refused"),
        (_pickled, "is a pickle.*refused"),
        (_framed_pickle, "is a pickle.*refused"),
        (_bad_json, "header is damaged"),
        (_list_json, "header is damaged"),
        (_deep_json, "header is damaged"),
        (_no_offsets, "header is damaged"),
    ],
)
def test_every_wrong_file_says_what_it_is(tiny, spoil, says):
    tiny.write_bytes(spoil(tiny.read_bytes()))
    with pytest.raises(WeightsError, match=says) as caught:
        load_checkpoint(tiny, "0" * 64)
    assert str(tiny) in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(WeightsError, match="there is no such weights file"):
        load_checkpoint(tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match="is a folder"):
        load_checkpoint(tmp_path)


def test_wrong_hash(tiny):
    with pytest.raises(WeightsError, match=r"wrong sha256 .*000000000000"):
        load_checkpoint(tiny, "0" * 64)


def test_a_header_that_starts_like_a_pickle_is_no_pickle(tmp_path):
    path = tmp_path / "x.safetensors"
    for padding in range(0, 600, 8):
        write_tiny(path, metadata={"note": "x" * padding})
        if path.read_bytes()[:2] == b"\x80\x02":
            break
    else:
        pytest.fail("no header of 640 bytes came up")
    assert read_header(path).method == "reggan"


def rewrite_metadata(path, change):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    content = json.loads(data[8 : 8 + length])
    change(content)
    raw = json.dumps(content).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data[8 + length :])


@pytest.mark.parametrize("key", ["method", "profile", "architecture"])
def test_metadata_must_say_what_the_file_is(tiny, key):
    rewrite_metadata(tiny, lambda content: content["__metadata__"].pop(key))
    with pytest.raises(WeightsError, match=f"does not name {key}"):
        read_header(tiny)


def test_a_plain_safetensors_file_is_refused(tiny):
    rewrite_metadata(tiny, lambda content: content.pop("__metadata__"))
    with pytest.raises(WeightsError, match="method, profile, architecture"):
        open_registry(tiny)


@pytest.mark.parametrize("text", ["[]", "{"])
def test_architecture_must_be_an_object(tiny, text):
    rewrite_metadata(tiny, lambda content: content["__metadata__"].update(architecture=text))
    with pytest.raises(WeightsError, match="not a JSON object"):
        read_header(tiny)


def test_method_and_profile_are_checked(tiny):
    with pytest.raises(WeightsError, match="holds method 'reggan', not 'eggan'"):
        load_checkpoint(tiny, method="eggan")
    with pytest.raises(WeightsError, match="holds profile 'fast', not 'paper'"):
        load_checkpoint(tiny, method="reggan", profile="paper")


def test_nearer_folders_win_for_files_and_entries(tmp_path):
    near, far = tmp_path / "near", tmp_path / "far"
    add_tiny(far, "tiny", value=1.0)
    add_tiny(far, "other", value=2.0)
    near.mkdir()
    (near / "other.safetensors").write_bytes((far / "other.safetensors").read_bytes())
    registry = Registry.load([near, far])
    assert list(registry.entries) == ["tiny", "other"]
    assert registry.find("other") == near / "other.safetensors"
    assert registry.find("tiny") == far / "tiny.safetensors"

    add_tiny(near, "tiny", value=3.0)
    add_tiny(near, "mine")
    registry = Registry.load([near, far])
    assert list(registry.entries) == ["tiny", "other", "mine"]
    assert registry.checkpoint("tiny").tensors["weight"][0, 0] == 3.0
    assert registry.entry("tiny").folder == near


def test_weights_folder_then_user_folder_then_package(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEEDIT_WEIGHTS", str(tmp_path / "user"))
    assert user_weights() == tmp_path / "user"
    assert Registry.load().folders == (tmp_path / "user", packaged_weights())
    (tmp_path / "given").mkdir()
    assert open_registry(tmp_path / "given").folders[0] == tmp_path / "given"
    assert open_registry().folders == (tmp_path / "user", packaged_weights())
    with pytest.raises(WeightsError, match="no such file or folder"):
        open_registry(tmp_path / "absent")


def test_a_given_file_replaces_only_the_method_that_is_asked_for(tiny, tmp_path, monkeypatch):
    add_tiny(tmp_path / "user", "shipped", value=5.0)
    monkeypatch.setenv("FACEEDIT_WEIGHTS", str(tmp_path / "user"))
    registry = open_registry(tiny)
    assert registry.given is not None
    assert registry.given.method == "reggan"
    assert registry.open_method("reggan").tensors["weight"][0, 0] == 1.0
    assert registry.checkpoint("shipped").tensors["weight"][0, 0] == 5.0
    with pytest.raises(WeightsError, match="not 'eggan'"):
        registry.open_method("eggan")


def test_select_prefers_order_then_what_is_here(tmp_path):
    add_card(tmp_path, "large", "0" * 64, 10, profile="paper", targets=("happy", "sad"))
    add_tiny(tmp_path, "small")
    registry = Registry.load([tmp_path])
    assert registry.select("reggan").name == "small"
    assert registry.select("reggan", target=parse_target("sad")).name == "large"
    assert registry.select("reggan", profile="paper").name == "large"
    with pytest.raises(WeightsError, match="no weights of reggan that makes angry"):
        registry.select("reggan", target=parse_target("angry"))
    with pytest.raises(WeightsError, match="large is not on this machine"):
        registry.open_method("reggan", "paper")


def test_an_unknown_name_gets_the_nearest(tmp_path):
    add_tiny(tmp_path, "reggan-fast")
    registry = Registry.load([tmp_path])
    with pytest.raises(WeightsError, match="did you mean reggan-fast"):
        registry.card("regan-fast")
    with pytest.raises(WeightsError, match="known: reggan-fast"):
        registry.card("zzz")


def test_verify_tells_ok_missing_and_bad(tmp_path):
    good = add_tiny(tmp_path, "good")
    spoilt = add_tiny(tmp_path, "spoilt")
    spoilt.write_bytes(good.read_bytes()[:-1] + b"\x7f")
    add_card(tmp_path, "absent", "0" * 64, 10)
    add_card(tmp_path, "renamed", sha256_of(good), good.stat().st_size, profile="paper")
    (tmp_path / "renamed.safetensors").write_bytes(good.read_bytes())
    add_card(tmp_path, "misjudged", sha256_of(good), 7)
    (tmp_path / "misjudged.safetensors").write_bytes(good.read_bytes())
    registry = Registry.load([tmp_path])
    findings = {name: registry.verify(name) for name in registry.entries}
    assert {name: f.state for name, f in findings.items()} == {
        "good": "ok",
        "spoilt": "bad",
        "absent": "missing",
        "renamed": "bad",
        "misjudged": "bad",
    }
    assert "wrong sha256" in findings["spoilt"].reason
    assert "its card says reggan paper" in findings["renamed"].reason
    assert not findings["absent"].usable_or_optional


SOURCE = """
[checkpoints.tiny.source]
repo_id = "someone/faceedit"
revision = "{revision}"
filename = "tiny.safetensors"
"""


def test_a_missing_file_with_a_source_is_to_be_pulled(tmp_path):
    add_card(tmp_path, "tiny", "0" * 64, 10, more=SOURCE.format(revision="a" * 40))
    registry = Registry.load([tmp_path])
    assert registry.verify("tiny").usable_or_optional
    with pytest.raises(WeightsError, match="faceedit models pull tiny"):
        registry.find("tiny")


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("tiny", SOURCE.format(revision="main"), "'main' is not a commit"),
        ("tiny", SOURCE.format(revision="a" * 39), "is not a commit"),
        ("tiny", "card = '../../etc/passwd'", "leaves the folder"),
        ("tiny", "colour = 'red'", "colour: Extra inputs"),
        ("Tiny Net", "", "registry"),
        ("tiny", "name = 'other'", "calls itself 'other'"),
        ("tiny", "size = 3", "cannot be read as a registry"),
    ],
)
def test_an_unsound_registry_says_where(tmp_path, name, more, says):
    add_card(tmp_path, name, "0" * 64, 10, more=more)
    with pytest.raises(WeightsError, match=says) as caught:
        read_cards(tmp_path / "registry.toml")
    assert "registry.toml" in str(caught.value)


@pytest.mark.parametrize("file", ["../x.safetensors", "a/b.safetensors", "x.pt", ".safetensors"])
def test_a_card_names_a_plain_safetensors_file(tmp_path, file):
    add_card(tmp_path, "tiny", "0" * 64, 10)
    path = tmp_path / "registry.toml"
    path.write_text(path.read_text().replace("tiny.safetensors", file))
    with pytest.raises(WeightsError, match="plain name"):
        read_cards(path)


def test_a_folder_that_may_not_be_read_is_passed_over(tmp_path, monkeypatch):
    add_tiny(tmp_path / "far")
    locked = tmp_path / "locked"
    stat = Path.stat

    def refuse(self, **options):
        if locked in self.parents:
            raise PermissionError(13, "Permission denied", str(self))
        return stat(self, **options)

    monkeypatch.setattr(Path, "stat", refuse)
    registry = Registry.load([locked, tmp_path / "far"])
    assert registry.find("tiny") == tmp_path / "far" / "tiny.safetensors"


def test_no_registry_at_all(tmp_path):
    with pytest.raises(WeightsError, match=r"no registry\.toml"):
        Registry.load([tmp_path])


def test_the_markdown_card_is_read_from_beside_its_registry(tmp_path):
    add_tiny(tmp_path, more="card = 'cards/tiny.md'")
    entry = Registry.load([tmp_path]).entry("tiny")
    with pytest.raises(WeightsError, match="card of tiny"):
        entry.markdown()
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "tiny.md").write_text("# Tiny\n")
    assert entry.markdown() == "# Tiny\n"


def test_what_ships_is_what_its_cards_say():
    registry = Registry.load([packaged_weights()])
    findings = [registry.verify(name) for name in registry.entries]
    assert {"blazeface-short", "blazeface-full", "attention-mesh"} <= set(registry.entries)
    assert [f.reason for f in findings if not f.usable_or_optional] == []
    assert all(entry.markdown() != "" for entry in registry.entries.values())


def test_importing_the_registry_imports_no_torch():
    script = "import sys, faceedit.registry; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
