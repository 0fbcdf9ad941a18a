"""Makes training pairs from single photos: a person matte, a face model, expressions, light."""
