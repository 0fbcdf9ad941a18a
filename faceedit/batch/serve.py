"""The main function of a worker process.

Nothing heavy is imported before it runs, so that what goes wrong there can be told to the parent.
"""

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from faceedit.errors import explain
from faceedit.process import loading

READY = "ready"


def serve(pipe: Connection) -> None:
    """Work until nobody asks any more.

    Args:
        pipe: an `Order` comes from it, and `READY` goes back or why the process cannot work; then
            lists of `Job` come, and a `Result` for each goes back.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Standard output is the command's own, whatever a library prints here.
    os.dup2(2, 1)
    try:
        try:
            # The order's own classes bring torch and all the rest along.
            with loading():
                order: Any = pipe.recv()
                from faceedit.batch.worker import Worker
            worker = Worker(order)
        except Exception as error:
            pipe.send(explain(error, Path()))
            return
        pipe.send(READY)
        while True:
            for result in worker.edit(pipe.recv()):
                pipe.send(result)
    except (EOFError, OSError):
        return


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
