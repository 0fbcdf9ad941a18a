import pytest


@pytest.fixture(scope="session")
def few_portraits():
    """Ten people of one photo each and one of two, blurred noise of 32 pixels; three are unseen."""
    import cv2
    import numpy as np

    from faceedit.training.portraits import Portraits

    rng = np.random.default_rng(0)
    pictures = [cv2.resize(rng.random((4, 4, 3)), (32, 32)) * 255 for _ in range(12)]
    people = np.array([0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10])
    return Portraits(
        np.stack(pictures).astype(np.uint8),
        (5 * rng.random((12, 17))).astype(np.float32),
        people,
        people > 7,
    )
