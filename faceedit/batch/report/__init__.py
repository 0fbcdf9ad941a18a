"""What a run leaves to look at: before/after sheets and one page with every photo."""

from faceedit.batch.report.compare import write_compare
from faceedit.batch.report.gallery import GalleryWriter, write_gallery
from faceedit.batch.report.items import ReportItem

__all__ = ["GalleryWriter", "ReportItem", "write_compare", "write_gallery"]
