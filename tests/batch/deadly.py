"""Faults of a process, for tests whose processes import it or are handed it."""

import os
import signal


class Deadly:
    """Signs nothing, and ends the process at one photo, as a fault in a library would."""

    def __init__(self, name):
        self.name = name

    def saying(self, provenance):
        return self

    def sign(self, data, format, target, source):
        if target.name == self.name:
            os.kill(os.getpid(), signal.SIGKILL)
        return data


class Loud:
    """Signs nothing, and writes to stdout as a library might."""

    def saying(self, provenance):
        return self

    def sign(self, data, format, target, source):
        os.write(1, b"noise\n")
        return data
