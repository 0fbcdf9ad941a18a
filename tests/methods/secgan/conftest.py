import pytest

SIZE = 32


@pytest.fixture(scope="session")
def labelled_portraits():
    """Nine people, blurred noise of 32 pixels, with attributes; three are unseen."""
    import cv2
    import numpy as np

    from faceedit.training.portraits import Portraits

    rng = np.random.default_rng(0)
    pictures = [cv2.resize(rng.random((4, 4, 3)), (SIZE, SIZE)) * 255 for _ in range(9)]
    labels = (rng.random((9, 13)) < 0.4).astype(np.float32)
    people = np.arange(9)
    return Portraits(np.stack(pictures).astype(np.uint8), labels, people, people > 5)


@pytest.fixture
def ask(labelled_portraits, request_for, tmp_path):
    """Make a request on labelled portraits: ``ask(recipe) -> TrainingRequest``."""
    folder = tmp_path / "crops"
    labelled_portraits.save(folder)
    recipe = {
        "size": SIZE, "width": 4, "blocks": 1, "critic_width": 4, "batch_size": 2,
        "critic_turns": 2, "steps": 2, "validate_every": 1,
    }  # fmt: skip

    def make(changes=None, **request):
        overrides = {**recipe, **(changes or {})}
        return request_for("paper", overrides, **{"data": (folder,), **request})

    return make
