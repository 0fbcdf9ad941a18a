"""Terms of LSSL's objective: Eq. 4 to 6; the others are in `methods.pictures.losses`.

Norms are means, as in the authors' program: their weights are meant for those.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.methods.pictures.masks import mask_loss, one_hot


def parsing_loss(parse: Callable[[Tensor], Tensor], photos: Tensor, made: Tensor) -> Tensor:
    """Eq. 5: the softmax loss of each pixel's part in made pictures against that in photos.

    Args:
        parse: the frozen P, (N, 3, S, S) in [-1, 1] to (N, K, S, S) logits.
        photos: x.
        made: x'.
    """
    with torch.no_grad():
        wanted = one_hot(parse(photos).float())
    return mask_loss(wanted, parse(made).float().softmax(1))


def bidirectional_loss(pair: Tensor, again: Tensor, latent: Tensor, made_latent: Tensor) -> Tensor:
    """Eq. 6: the pair comes back, and so does its latent.

    Args:
        pair: (N, C, S, S) x and s.
        again: likewise, x^ and s^, made of x' and s' with the pair's own attributes.
        latent: G_enc(x, s).
        made_latent: G_enc(x', s').
    """
    image, side = pair.split([3, pair.shape[1] - 3], 1)
    image_again, side_again = again.float().split([3, pair.shape[1] - 3], 1)
    loss = F.l1_loss(image_again, image) + F.l1_loss(made_latent.float(), latent.float())
    return loss + F.l1_loss(side_again, side) if side.shape[1] else loss
