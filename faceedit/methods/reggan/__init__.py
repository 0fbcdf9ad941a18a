"""RegGAN: an expression layer solved in closed form, then a refinement network."""
