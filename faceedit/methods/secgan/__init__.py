"""SeCGAN: attributes and expressions; with it its backbones, StarGAN and AttGAN, as baselines."""

from dataclasses import replace

from faceedit.methods.descriptor import Descriptor
from faceedit.targets import ATTRIBUTES, EXPRESSIONS

DESCRIPTOR = Descriptor(
    name="secgan",
    paper="SeCGAN: pictures and semantic masks translated side by side",
    profile="paper",
    targets=(),
    crop_size=128,
    region="head",
    cost=104,
    module="faceedit.methods.secgan.paper_method",
    training="faceedit.methods.secgan.tasks:build",
    paper_targets=(*(f"attr={name}" for name in ATTRIBUTES), *EXPRESSIONS),
)
STARGAN = replace(
    DESCRIPTOR,
    name="stargan",
    paper="StarGAN (Choi and others, 2018), with SeCGAN's difference vectors",
    training="faceedit.methods.secgan.tasks:build_stargan",
)
ATTGAN = replace(
    DESCRIPTOR,
    name="attgan",
    cost=88,
    paper="AttGAN (He and others, 2019), with SeCGAN's difference vectors",
    training="faceedit.methods.secgan.tasks:build_attgan",
)
