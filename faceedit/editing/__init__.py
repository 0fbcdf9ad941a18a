"""One photo: pixels and a target in, edited pixels and what was done out."""
