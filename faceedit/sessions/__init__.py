"""The Python interface: networks that are loaded once and used again and again."""
