import pytest
from toy_rig import write_rig

from faceedit.studio.rig import load_rig


@pytest.fixture(scope="session")
def folder_and_sources(tmp_path_factory):
    """A rig's folder and the drawn people it was learned from; tests write nothing there."""
    return write_rig(tmp_path_factory.mktemp("studio"))


@pytest.fixture(scope="session")
def rig(folder_and_sources):
    return load_rig(folder_and_sources[0])
