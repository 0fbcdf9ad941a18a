"""Edits: what changes in a face, where it may, and how it is drawn on the photo's own pixels."""
