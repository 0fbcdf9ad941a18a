"""Moving pictures: one photo whose faces go from one target to the next, and sheets of units."""
