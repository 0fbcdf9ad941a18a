import json


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
