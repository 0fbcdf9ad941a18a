"""Measuring: how good edits are, how fast, and how much memory they take."""
