"""What methods share whose networks paint the whole crop, as the papers' own do.

Unlike `methods.fields` they lose what their few pixels cannot hold: these are the ``paper``
profiles.
"""
