import json

import registry_hostile as hostile


def spoil(folder):
    path = folder / "tiny.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")


def test_list_is_a_table_on_stdout(run_main, user_folder):
    result = run_main("models", "list")
    assert result.code == 0
    assert result.err == ""
    header, *rows = result.out.splitlines()
    assert header.split() == ["NAME", "METHOD", "PROFILE", "TARGETS", "SIZE", "STATE", "WHERE"]
    (row,) = (line.split() for line in rows if line.startswith("tiny "))
    assert row[:4] == ["tiny", "reggan", "fast", "happy,neutral"]
    assert row[-2:] == ["ok", str(user_folder / "tiny.safetensors")]
    (method,) = (line for line in rows if line.startswith("reggan  "))
    assert all(part in method for part in ("expressions", "the face", "256 px", "RegGAN"))


def test_list_as_json_lines(run_main, user_folder):
    spoil(user_folder)
    result = run_main("models", "list", "--json")
    found = {line["name"]: line for line in map(json.loads, result.out.splitlines())}
    assert found["tiny"]["state"] == "bad"
    assert "wrong sha256" in found["tiny"]["reason"]
    assert "blazeface-short" in found


def test_show_gives_the_whole_card(run_main, user_folder):
    result = run_main("models", "show", "tiny")
    assert result.code == 0
    for text in (
        "crop size  64 px",
        "CC0",
        "ab" * 20,
        "rate: 0.0001",
        "happy: identity 0.8, named 0.98",
        "- It is tiny.",
        "# Tiny\n\nA card.",
    ):
        assert text in result.out
    as_json = json.loads(run_main("models", "show", "tiny", "--json").out)
    assert as_json["recipe"] == {"epochs": 3, "rate": 1e-4}
    assert as_json["state"] == "ok"
    assert run_main("models", "show", "tinny").code == 3


def test_show_gives_no_terminal_anything_to_obey(run_main, user_folder):
    card = "# Tiny\r\n\n\ta\x1b[31mb\u202e\x9bc\n"
    (user_folder / "tiny.md").write_bytes(card.encode())
    path = user_folder / "registry.toml"
    text = path.read_text().replace("It is tiny.", r"is\u001B[2Jt\nstate  ok\u0085\u2066")
    path.write_text(text.replace("CC0", r"CC\u0007\u200B0").replace("epochs =", r'"e\u001b" ='))
    result = run_main("models", "show", "tiny")
    assert result.code == 0
    for said in (
        "# Tiny\n\n\ta\\x1b[31mb\\u202e\\x9bc",
        r"  - is\x1b[2Jt\nstate  ok\x85\u2066",
        r"licence    CC\x07\u200b0",
        r"  e\x1b: 3",
    ):
        assert said in result.out
    assert all(c.isprintable() or c in "\n\t" for c in result.out)
    assert "\x1b" not in run_main("models", "show", "tiny", "--json").out


def test_list_and_verify_escape_what_cards_and_folders_say(run_main, user_folder, tmp_path):
    path = user_folder / "registry.toml"
    path.write_text(path.read_text().replace('"happy", "neutral"', r'"happy\u001b[1m"'))
    near = tmp_path / "ne\u202ear\x1b[1m"
    near.mkdir()
    (near / "tiny.safetensors").write_bytes((user_folder / "tiny.safetensors").read_bytes())
    for command in ("list", "verify"):
        result = run_main("models", command, "--weights", near)
        assert r"ne\u202ear\x1b[1m" in result.out
        assert all(c.isprintable() or c == "\n" for c in result.out + result.err)


def test_nothing_in_a_folder_of_weights_is_waited_for(run_main, user_folder):
    for name in ("tiny.md", "tiny.safetensors", "registry.toml"):
        for write in hostile.NO_FILES.values():
            kept = (user_folder / name).read_bytes()
            (user_folder / name).unlink()
            write(user_folder / name)
            for command in (("show", "tiny"), ("verify", "tiny")):
                result = run_main("models", *command)
                fine = (name, command[0]) in FINE
                assert result.code == (0 if fine else 3)
                assert fine or name in result.out + result.err
            if (user_folder / name).is_dir():
                (user_folder / name).rmdir()
            (user_folder / name).unlink(missing_ok=True)
            (user_folder / name).write_bytes(kept)


FINE = {("tiny.md", "verify"), ("tiny.safetensors", "show")}
"""Nobody needs the card to verify the file, nor the file to show the card."""


def test_verify_gives_3_where_a_file_is_bad(run_main, user_folder):
    result = run_main("models", "verify", "tiny")
    assert (result.code, result.err) == (0, "")
    assert result.out == f"tiny: ok {user_folder / 'tiny.safetensors'}\n"
    spoil(user_folder)
    for args in (("tiny",), ()):
        result = run_main("models", "verify", *args)
        assert result.code == 3
        assert "tiny: bad" in result.out
        assert "wrong sha256" in result.err


def test_a_missing_file_that_can_be_pulled_is_bad_only_when_named(run_main, user_folder):
    (user_folder / "tiny.safetensors").unlink()
    everything = run_main("models", "verify")
    assert "tiny: missing" in everything.out
    assert everything.code == 0
    named = run_main("models", "verify", "tiny")
    assert named.code == 3
    assert "models pull tiny" in named.err


def test_weights_option_comes_first(run_main, user_folder, tmp_path):
    near = tmp_path / "near"
    near.mkdir()
    (near / "tiny.safetensors").write_bytes((user_folder / "tiny.safetensors").read_bytes())
    result = run_main("models", "verify", "tiny", "--weights", near)
    assert result.out == f"tiny: ok {near / 'tiny.safetensors'}\n"


def test_the_name_of_a_method_stands_for_its_checkpoint(run_main):
    for name, whole in (("reggan", "reggan-fast"), ("lssl", "lssl-fast")):
        assert run_main("models", "show", name).out.splitlines()[0] == whole
        assert run_main("models", "verify", name).out.startswith(f"{whole}: ok")
    assert run_main("models", "show", "attgan").code == 3
