"""A fault that ends the process, for tests whose processes import it or are handed it."""

import os
import signal


class Deadly:
    """Signs nothing, and ends the process at one photo, as a fault in a library would."""

    def __init__(self, name):
        self.name = name

    def sign(self, data, format, target, source):
        if target.name == self.name:
            os.kill(os.getpid(), signal.SIGKILL)
        return data
