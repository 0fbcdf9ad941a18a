"""Training of the networks that look."""
