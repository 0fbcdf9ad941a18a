"""LEGAN's own generator (section 4.1; Tables 7, 8 and 9)."""

from typing import Any

import torch
from torch import Tensor, nn

from faceedit.lights import LIGHT_ORDER
from faceedit.methods.pictures.networks import Hourglass, Upsampling, beside, check_size
from faceedit.targets import EXPRESSIONS

TARGETS = (*EXPRESSIONS, *(f"light={name}" for name in LIGHT_ORDER))
"""What a condition has strengths of, in order; in the paper 6 expressions and 20 lights. Where no
light has one, it is the photo's own."""
N_EXPRESSIONS, N_LIGHTS = len(EXPRESSIONS), len(LIGHT_ORDER)


class Generator(nn.Module):
    """G: the image with the expression to a mask M_e, with the light to M_l, and both to a picture.

    Args:
        size: side of the pictures in pixels, a power of two from 16.
        width: channels of each hourglass's first convolution.
        blocks: residual blocks of each hourglass.
        upsampling: see `Hourglass`.
        disentangled: False paints the picture by one hourglass that is given everything at once
            (Table 11, "wo/ disentangling").

    Raises:
        ValueError: a number is out of range, or a switch has no such setting.
    """

    def __init__(
        self,
        size: int = 128,
        width: int = 64,
        blocks: int = 6,
        upsampling: Upsampling = "shuffle",
        disentangled: bool = True,
    ):
        super().__init__()
        check_size(size)
        if not isinstance(disentangled, bool):
            raise ValueError(f"disentangled is {disentangled!r}, not true or false")
        self.size, self.disentangled = size, disentangled
        rest = {"width": width, "blocks": blocks, "upsampling": upsampling}
        self.architecture: dict[str, Any] = {"size": size, **rest, "disentangled": disentangled}
        if disentangled:
            self.expression = Hourglass(3 + N_EXPRESSIONS, **rest)
            self.light = Hourglass(3 + N_LIGHTS, **rest)
        self.picture = Hourglass(6 if disentangled else 3 + len(TARGETS), **rest)

    def masks(self, image: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return M_e and M_l, (N, 3, S, S) in [-1, 1]; arguments as of `forward`."""
        expression, light = condition.split([N_EXPRESSIONS, N_LIGHTS], 1)
        return (
            torch.tanh(self.expression(beside(image, expression))),
            torch.tanh(self.light(beside(image, light))),
        )

    def forward(self, image: Tensor, condition: Tensor) -> Tensor:
        """(N, 3, S, S) in [-1, 1] and (N, 28) numbers from 0 to (N, 3, S, S) in [-1, 1]."""
        return torch.tanh(self.answer(image, condition))

    def answer(self, image: Tensor, condition: Tensor) -> Tensor:
        """Return what the last convolution says; `forward` is its tanh.

        An overflow is seen here only: tanh makes a plain 1 of an infinity.
        """
        if self.disentangled:
            return self.picture(torch.cat(self.masks(image, condition), 1))
        return self.picture(beside(image, condition))
