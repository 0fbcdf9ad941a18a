"""LSSL: heads that turn, and the paper's own network of expressions, light and angles."""

from faceedit.methods.descriptor import Descriptor
from faceedit.targets import EXPRESSIONS

DESCRIPTOR = Descriptor(
    name="lssl",
    paper="LSSL: landmarks at the side, and synthetic faces that teach",
    profile="fast",
    targets=("turn",),
    crop_size=256,
    region="crop",
    cost=100,
    module="faceedit.methods.lssl.method",
    training="faceedit.methods.lssl.tasks",
    looks_with=("legan-fast",),
    paper_targets=(*EXPRESSIONS, "light=normal", "light=weak", "light=dark"),
)
