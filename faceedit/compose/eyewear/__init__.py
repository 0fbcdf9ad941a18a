"""Spectacles that a photo does not show: their frames in 3D, and how they are drawn."""
