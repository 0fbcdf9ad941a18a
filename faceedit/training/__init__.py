"""Training data and loops; nothing here is needed to edit photos."""
