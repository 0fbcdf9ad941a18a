"""EGGAN: seventeen action units as dials, on a structured latent space."""

from faceedit.methods.descriptor import Descriptor
from faceedit.targets import ACTION_UNITS, EXPRESSIONS

DESCRIPTOR = Descriptor(
    name="eggan",
    paper="EGGAN: an adversarial autoencoder's code and continuous action units to a picture",
    profile="fast",
    targets=(*(f"au={unit}" for unit in ACTION_UNITS), *EXPRESSIONS, "landmarks"),
    crop_size=256,
    region="face",
    cost=45,
    module="faceedit.methods.eggan.method",
    training="faceedit.methods.eggan.tasks",
    counts_shown=True,
)
