"""Measuring: speed and memory."""
