"""The skin of the lids and what lies between them, when the lids move."""
