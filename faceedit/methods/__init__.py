"""The papers' methods, one folder each, and what they have in common."""
