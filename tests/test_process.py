import gc
import subprocess
import sys

from faceedit.process import loading


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


def test_what_only_compilers_need_is_left_out_and_can_be_had_later():
    code = (
        "import sys\n"
        "from faceedit.process import FOR_COMPILERS, let_compile, loading\n"
        "with loading(to_edit=True):\n"
        "    import torch\n"
        "assert FOR_COMPILERS not in sys.modules and not hasattr(torch, '_meta_registrations')\n"
        "let_compile()\n"
        "assert torch._meta_registrations is sys.modules[FOR_COMPILERS]\n"
        "assert hasattr(torch._meta_registrations, 'activate_meta')\n"
        "from torch.utils.flop_counter import FlopCounterMode\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
