"""Heads that turn, on the photo's own pixels."""
