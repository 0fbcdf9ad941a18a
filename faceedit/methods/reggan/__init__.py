"""RegGAN: an expression layer solved in closed form, then a refinement network."""

from faceedit.methods.descriptor import Descriptor
from faceedit.targets import EXPRESSIONS

DESCRIPTOR = Descriptor(
    name="reggan",
    paper="RegGAN: local ridge regression, then an attention refinement network",
    profile="fast",
    targets=EXPRESSIONS,
    crop_size=256,
    region="face",
    cost=44,
    module="faceedit.methods.reggan.method",
    training="faceedit.methods.reggan.tasks",
)
