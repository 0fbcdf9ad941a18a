"""SeCGAN: attributes and expressions; with it its backbones, StarGAN and AttGAN, as baselines."""

from dataclasses import replace

from faceedit.methods.descriptor import Descriptor
from faceedit.targets import ATTRIBUTES, EXPRESSIONS, KINDS

PAPER_TARGETS = (*(f"attr={name}" for name in ATTRIBUTES), *EXPRESSIONS)
"""What the paper's network may serve, and so do the baselines."""
SPECTACLES = ("attr=eyeglasses=on", *(f"attr=eyeglasses={kind}" for kind in KINDS["eyeglasses"]))
HAIR_COLOURS = ("black_hair", "blond_hair", "brown_hair", "red_hair", "grey_hair")

DRAWN = (
    *(f"attr={name}=on" for name in HAIR_COLOURS),
    "attr=pale_skin",
    "attr=young",
    "attr=male",
    "attr=beard",
    "attr=moustache",
    "attr=bushy_eyebrows=on",
    "attr=bald",
    "attr=bangs",
    *SPECTACLES,
    "attr=eyeglasses=off",
)
"""Attributes that ship."""

DESCRIPTOR = Descriptor(
    name="secgan",
    paper="SeCGAN: pictures and semantic masks translated side by side",
    profile="fast",
    targets=DRAWN,
    crop_size=256,
    region="person",
    cost=130,
    module="faceedit.methods.secgan.method",
    training="faceedit.methods.secgan.tasks:build",
    trained="paper",
    paper_targets=PAPER_TARGETS,
    experimental=DRAWN,
    looks_with=("appearance", "legan-fast"),
)
EXPRESSIVE = Descriptor(
    name="secgan-expressions",
    paper="SeCGAN's eight expressions: fields that a semantic branch has taught",
    profile="fast",
    targets=EXPRESSIONS,
    crop_size=256,
    region="face",
    cost=60,
    module="faceedit.methods.secgan.expressions",
    training="faceedit.methods.secgan.tasks:build_expressive",
    of="secgan",
)
STARGAN = replace(
    DESCRIPTOR,
    name="stargan",
    paper="StarGAN (Choi and others, 2018), with SeCGAN's difference vectors",
    profile="paper",
    targets=(),
    experimental=(),
    crop_size=128,
    region="head",
    cost=104,
    training="faceedit.methods.secgan.tasks:build_stargan",
    looks_with=(),
)
ATTGAN = replace(
    STARGAN,
    name="attgan",
    cost=88,
    paper="AttGAN (He and others, 2019), with SeCGAN's difference vectors",
    training="faceedit.methods.secgan.tasks:build_attgan",
)
