"""The nouns of face finding, in pixels of the upright photo."""

from dataclasses import dataclass

import numpy as np

from faceedit.faces.topology import eye_distance

N_LANDMARKS = 478


@dataclass(frozen=True)
class Face:
    """One face in a photo.

    Pixel centres lie at integers (the convention of ``cv2.warpAffine``).

    Attributes:
        landmarks: (478, 3) float32 points of the MediaPipe attention mesh: x right, y down, z in
            the same unit, negative towards the camera; 468 to 477 are the irises.
        score: confidence of the detector, 0 to 1.
        presence: confidence of the mesh network that this is a face, 0 to 1.
    """

    landmarks: np.ndarray
    score: float
    presence: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the landmarks."""
        left, top = self.landmarks[:, :2].min(axis=0).tolist()
        right, bottom = self.landmarks[:, :2].max(axis=0).tolist()
        return left, top, right, bottom

    @property
    def eye_distance(self) -> float:
        """Distance of the outer eye corners (points 33 and 263) in pixels."""
        return eye_distance(self.landmarks)
