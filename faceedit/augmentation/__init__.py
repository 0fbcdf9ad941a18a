"""Labelled collections made larger: which picture is made of which photo, and their table."""
