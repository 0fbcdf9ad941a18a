import gc

from faceedit.process import KEPT, keep_memory, loading


def test_loading_pauses_the_collector_and_leaves_out_what_was_loaded():
    assert gc.isenabled()
    frozen = gc.get_freeze_count()
    try:
        with loading():
            assert not gc.isenabled()
            loaded = [[] for _ in range(100)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= frozen + len(loaded)
        gc.disable()
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


def test_freed_memory_is_kept_where_glibc_can_be_told(monkeypatch):
    told = {}

    class Library:
        def mallopt(self, number, value):
            told[number] = value

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("ctypes.CDLL", lambda name: Library())
    keep_memory()
    assert told == KEPT
    # Other libraries of C have no such function, and other systems are not asked.
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    keep_memory()
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr("ctypes.CDLL", None)
    keep_memory()
