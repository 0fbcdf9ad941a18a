import pytest

SIZE = 32


@pytest.fixture(scope="session")
def posed_portraits():
    """Nine people of 32 pixels, neutral, happy and sad, straight and turned; three are unseen."""
    import cv2
    import made_up
    import numpy as np

    from faceedit.faces.align import resized
    from faceedit.methods.lssl.vector import vector_of
    from faceedit.training.portraits import Portraits

    rng = np.random.default_rng(0)
    pictures = [cv2.resize(rng.random((4, 4, 3)), (SIZE, SIZE)) * 255 for _ in range(9)]
    landmarks = [resized(made_up.place(made_up.person(k)), 256, SIZE) for k in range(9)]
    labels = np.stack([vector_of(k % 3, 0, 15.0 * (k % 2)) for k in range(9)])
    people = np.arange(9)
    return Portraits(
        np.stack(pictures).astype(np.uint8), labels, people, people > 5, np.stack(landmarks)
    )


@pytest.fixture
def ask(posed_portraits, request_for, tmp_path):
    """Make a request on posed portraits: ``ask(recipe) -> TrainingRequest``."""
    folder = tmp_path / "crops"
    posed_portraits.save(folder)
    recipe = {
        "size": SIZE, "width": 4, "blocks": 1, "critic_width": 4, "batch_size": 2,
        "critic_turns": 2, "epochs": 2, "constant_epochs": 1, "parser_width": 2, "parser_steps": 2,
    }  # fmt: skip

    def make(changes=None, **request):
        overrides = {**recipe, **(changes or {})}
        return request_for("paper", overrides, **{"data": (folder,), **request})

    return make
