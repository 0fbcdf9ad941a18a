"""The lips, and what shows between them, when a mouth moves."""
