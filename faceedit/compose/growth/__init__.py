"""Hair that grows out of skin, drawn stroke by stroke: beards, moustaches, brows."""
