"""Where faces are in a photo, and their landmarks."""
