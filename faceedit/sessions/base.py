"""What sessions share: networks that are there until they are let go."""

from typing import Any, Self

from faceedit.errors import UsageError


class Session:
    """Holds loaded networks until it is closed."""

    def __init__(self, networks: Any):
        self._networks = networks

    def close(self) -> None:
        """Let go of the networks and their memory. What is in hand in other threads ends well."""
        self._networks = None

    def __enter__(self) -> Self:
        self._use()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _use(self) -> Any:
        networks = self._networks
        if networks is None:
            kind = type(self).__name__
            raise UsageError(f"this {kind} is closed: use it within its 'with', or open another")
        return networks
