"""What a pixel of a person shows: the twelve segments of SeCGAN."""

from enum import IntEnum


class Region(IntEnum):
    """Values of a semantic mask."""

    BACKGROUND = 0
    SKIN = 1
    NOSE = 2
    BROWS = 3
    EYES = 4
    EYEGLASSES = 5
    EARS = 6
    MOUTH = 7
    LIPS = 8
    NECK = 9
    HAIR = 10
    CLOTHES = 11
