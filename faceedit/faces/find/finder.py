"""From photos to their faces: proposals by the detectors, confirmed by the mesh."""

from collections.abc import Sequence

import numpy as np

from faceedit.faces.batching import ON_ACCELERATOR, ON_CPU, Batching
from faceedit.faces.find.confirm import FaceNetworks
from faceedit.faces.find.detector import FULL, SHORT, Detector
from faceedit.faces.find.graph import GraphModule
from faceedit.faces.find.lockstep import alone, lockstep
from faceedit.faces.find.mesh import Mesh
from faceedit.faces.find.options import FindOptions
from faceedit.faces.find.photo_search import search_faces
from faceedit.faces.find.sieve import search_any_face
from faceedit.faces.types import Face

__all__ = ["FaceFinder", "FindOptions"]

PAIR = 2
"""The full-range detector is nearly always asked about several views, and a CPU needs a quarter
less time for each of two."""


class FaceFinder:
    """Finds the faces of photos. Several threads may use one finder.

    A photo's faces are the same to the last bit in any company, as long as the size of ``batching``
    and torch's number of threads are. Where memory is short, `Batching.halve` it and call again.

    Args:
        short: BlazeFace for faces near the camera.
        full: BlazeFace for faces at any distance.
        mesh: the attention mesh, on the same device.
        options: what to find.
        batching: how many squares each network takes at once; None fits the device.
    """

    def __init__(
        self,
        short: GraphModule,
        full: GraphModule,
        mesh: GraphModule,
        options: FindOptions | None = None,
        batching: Batching | None = None,
    ):
        on_cpu = mesh.device.type == "cpu"
        self.batching = batching or Batching(ON_CPU if on_cpu else ON_ACCELERATOR)
        self.networks = FaceNetworks(
            Detector(short, SHORT, self.batching),
            Detector(full, FULL, self.batching, PAIR),
            Mesh(mesh, self.batching),
        )
        self.options = options or FindOptions()

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Find the faces of a photo, see `search_faces`.

        Args:
            pixels: (H, W, 3) uint8 RGB.

        Returns:
            Faces by the area of their box, largest first.

        Raises:
            torch.OutOfMemoryError: the device's memory is short.
        """
        return alone(search_faces(self.networks, self.options, pixels))

    def find_many(self, photos: Sequence[np.ndarray]) -> list[list[Face] | Exception]:
        """Find the faces of several photos; each network looks at all of them together.

        Args:
            photos: (H, W, 3) uint8 RGB each.

        Returns:
            For each photo what `find` returns, or the exception of what is no photo.

        Raises:
            torch.OutOfMemoryError: the device's memory is short.
        """
        return lockstep([search_faces(self.networks, self.options, one) for one in photos])

    def sees_face(self, small: np.ndarray, scale: float) -> bool:
        """Whether `find` could find a face in a photo, asked on a smaller copy of it.

        In doubt the answer is yes. A photo for which it is no need not be decoded in full size.
        The networks take as long to find nothing in the copy as in the photo, so this saves time
        where decoding takes about as long as they do: with copies a quarter of the photo's size.

        Args:
            small: (h, w, 3) uint8 RGB copy of the photo, its longer side 1024 pixels or more.
            scale: the photo's sides over the copy's, 1 or more.

        Raises:
            torch.OutOfMemoryError: the device's memory is short.
        """
        return alone(search_any_face(self.networks, self.options, small, scale))
