"""Photo files: which ones, read whole with everything in them, and written back as they were."""

from faceedit.photos.discover import Job, find_photos, plan
from faceedit.photos.provenance import Provenance
from faceedit.photos.read import read_photo
from faceedit.photos.types import Photo, Signer, Source, WriteOptions
from faceedit.photos.write import copy_photo, copy_suffices, write_photo

__all__ = [
    "Job",
    "Photo",
    "Provenance",
    "Signer",
    "Source",
    "WriteOptions",
    "copy_photo",
    "copy_suffices",
    "find_photos",
    "plan",
    "read_photo",
    "write_photo",
]
