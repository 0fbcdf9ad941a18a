import pytest
import skimage.data

from faceedit.analysis.analyzer import open_analyzer


@pytest.fixture(scope="session")
def astronaut():
    return skimage.data.astronaut()


@pytest.fixture(scope="session")
def analyzer(recogniser_weights):
    """Real face finding, untrained recognisers."""
    return open_analyzer(identity=True, weights=recogniser_weights, device="cpu")


@pytest.fixture(scope="session")
def astronaut_reading(analyzer, astronaut):
    return analyzer.analyze_pixels(astronaut)[0]
