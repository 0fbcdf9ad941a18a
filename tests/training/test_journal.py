import json
import math
import sys

import numpy as np
import pytest

from faceedit.training.journal import Journal
from faceedit.training.sheets import write_sheet


def lines(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture
def no_board(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)


@pytest.mark.usefixtures("no_board")
def test_lines_are_json_whatever_the_numbers(tmp_path):
    journal = Journal(tmp_path, 0)
    journal.write(3, 1.23456, losses={"a/total": math.nan, "a/x": 0.1234567890}, speed=2.0)
    journal.close()
    assert lines(tmp_path) == [
        {
            "step": 3,
            "seconds": 1.23,
            "losses": {"a/total": None, "a/x": 0.1234568},
            "speed": 2.0,
        }
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["log.jsonl"]


@pytest.mark.usefixtures("no_board")
def test_what_will_come_again_is_taken_out(tmp_path):
    journal = Journal(tmp_path, 0)
    for step in (1, 2, 3):
        journal.write(step, 0.0)
    journal.close()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 4, "sec')
    Journal(tmp_path, 2).close()
    assert [line["step"] for line in lines(tmp_path)] == [1, 2]
    Journal(tmp_path, 0).close()
    assert lines(tmp_path) == []


def test_the_board_takes_numbers_and_sheets(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    sheet = tmp_path / "sheet.png"
    write_sheet(sheet, [[np.full((4, 4, 3), (255, 0, 0), np.uint8)]])
    journal = Journal(tmp_path, 0)
    journal.write(3, 1.0, losses={"critic/total": 2.0}, images_per_second=5.0)
    journal.show(3, sheet)
    journal.close()
    board = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert set(board.Tags()["scalars"]) == {"losses/critic/total", "images_per_second"}
    assert [(e.step, e.value) for e in board.Scalars("losses/critic/total")] == [(3, 2.0)]
    assert board.Tags()["images"] == ["samples"]
