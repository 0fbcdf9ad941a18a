import json

import torch


def test_doctor_as_json(run_main, user_folder):
    result = run_main("doctor", "--json")
    report = json.loads(result.out)
    assert result.code == 0, result.err
    assert report["problems"] == []
    assert report["versions"]["torch"] == torch.__version__
    assert report["versions"]["faceedit"]
    assert report["devices"][-1].startswith("cpu")
    assert report["threads"]["torch"] == torch.get_num_threads()
    assert report["bf16"] in {"amx", "avx512", "emulated"}
    assert report["folders"]["user"] == str(user_folder)
    states = {found["name"]: found["state"] for found in report["weights"]}
    assert states["tiny"] == "ok"
    assert set(report["optional"]) == {
        "pillow-heif",
        "PyAV",
        "avif in Pillow",
        "face-alignment weights",
    }


def test_doctor_in_words(run_main, user_folder):
    result = run_main("doctor")
    assert result.code == 0
    assert result.err == ""
    for text in ("torch", "cpu", "tiny", "ok", str(user_folder), "pillow-heif"):
        assert text in result.out


def test_bad_weights_are_3_and_named_in_both_streams(run_main, user_folder):
    (user_folder / "tiny.safetensors").write_bytes(b"")
    result = run_main("doctor", "--json")
    assert result.code == 3
    assert "tiny.safetensors: is empty" in json.loads(result.out)["problems"][0]
    assert "tiny.safetensors: is empty" in result.err


def test_an_unsound_registry_is_a_problem_not_a_crash(run_main, user_folder):
    (user_folder / "registry.toml").write_text("[checkpoints.tiny]\n")
    result = run_main("doctor")
    assert result.code == 3
    assert "registry.toml: checkpoints.tiny.method" in result.err
    assert "torch" in result.out
