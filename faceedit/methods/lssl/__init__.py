"""LSSL: heads that turn."""

from faceedit.methods.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="lssl",
    paper="LSSL: landmarks at the side, and synthetic faces that teach",
    profile="fast",
    targets=("turn",),
    crop_size=256,
    region="crop",
    cost=80,
    module="faceedit.methods.lssl.method",
    weights="legan",
)
