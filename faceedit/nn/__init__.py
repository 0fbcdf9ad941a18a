"""Blocks and losses that more than one method uses."""
