"""Cards and weights: read, find, verify, load, write and pull checkpoints.

Importing this package imports no torch; `load_checkpoint` and `write_checkpoint` do when called.
"""

from faceedit.registry.cards import Card, Source, read_cards
from faceedit.registry.checkpoint import Checkpoint, load_checkpoint, write_checkpoint
from faceedit.registry.folders import packaged_weights, search_folders, user_weights
from faceedit.registry.header import Header, read_header, sha256_of
from faceedit.registry.pull import pull
from faceedit.registry.registry import Entry, Finding, Registry, open_registry

__all__ = [
    "Card",
    "Checkpoint",
    "Entry",
    "Finding",
    "Header",
    "Registry",
    "Source",
    "load_checkpoint",
    "open_registry",
    "packaged_weights",
    "pull",
    "read_cards",
    "read_header",
    "search_folders",
    "sha256_of",
    "user_weights",
    "write_checkpoint",
]
