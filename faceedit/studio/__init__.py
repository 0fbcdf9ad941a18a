"""Makes training pairs from single photos: matte, semantic mask, face model, expressions, light."""
