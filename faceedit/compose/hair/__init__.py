"""Hair at the photo's own resolution: where it is, and another colour of it."""
