"""What there is to say of every face in photos, and its forms: objects, JSON, CSV, drawings."""
