"""Photo files: which ones, read whole with everything in them, and written back as they were."""

from faceedit.photos.budget import Budget
from faceedit.photos.discover import Job, find_photos, plan
from faceedit.photos.draft import Draft, draft_photo
from faceedit.photos.naming import Naming, fit_name, slug
from faceedit.photos.provenance import Provenance
from faceedit.photos.read import decode_photo, load_file, read_photo, says_edited
from faceedit.photos.types import Photo, PhotoFile, Signer, Source, WriteOptions
from faceedit.photos.walk import is_pattern
from faceedit.photos.write import copy_photo, copy_suffices, write_photo

__all__ = [
    "Budget",
    "Draft",
    "Job",
    "Naming",
    "Photo",
    "PhotoFile",
    "Provenance",
    "Signer",
    "Source",
    "WriteOptions",
    "copy_photo",
    "copy_suffices",
    "decode_photo",
    "draft_photo",
    "find_photos",
    "fit_name",
    "is_pattern",
    "load_file",
    "plan",
    "read_photo",
    "says_edited",
    "slug",
    "write_photo",
]
