"""--turn, --gaze, --max-turn and frontalize on the command line."""

import json

from PIL import Image


def test_heads_turn_as_options_say(run_main, astronaut, tmp_path):
    Image.fromarray(astronaut).save(tmp_path / "a.png")
    ran = run_main("frontalize", tmp_path / "a.png", "-o", tmp_path / "b.png", "-q")
    assert (ran.code, (tmp_path / "b.png").exists()) == (0, True)
    ran = run_main(
        "apply", "--turn", "yaw=5", "--gaze", "keep", "--json", tmp_path / "a.png",
        "-o", tmp_path / "c.png",
    )  # fmt: skip
    (face,) = json.loads(ran.out)["faces"]
    assert face["applied"] == {"turn=yaw=5,gaze=keep": 1.0}
    ran = run_main("apply", "-t", "happy", "--gaze", "keep", tmp_path / "a.png")
    assert ran.code == 2
    assert "--gaze: say with --turn" in ran.err
    ran = run_main("frontalize", tmp_path / "a.png", "-o", tmp_path / "d.png", "--max-turn", "1")
    assert ran.code == 1
    assert "--max-turn allows 1" in ran.err
