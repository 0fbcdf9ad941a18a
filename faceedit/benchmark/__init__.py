"""How fast edits are, and how much memory they take."""
