"""Decoders kept from writing on stderr, where they name no photo."""

import ctypes
import functools


@functools.cache
def silence_libtiff() -> bool:
    """Turn off what Pillow's libtiff writes; what is wrong with a photo, exceptions tell.

    libtiff has one handler of warnings and one of errors for the whole process, and Pillow gives
    no way to them.

    Returns:
        Whether they could be reached: not where libtiff is a part of Pillow's own library
        (Windows). There its lines are still written.
    """
    from PIL import Image

    try:
        library = ctypes.CDLL(Image.core.__file__)
        handlers = library.TIFFSetErrorHandler, library.TIFFSetWarningHandler
    except (AttributeError, OSError):
        return False
    for set_handler in handlers:
        set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
        set_handler(None)
    return True


def silence_opencv() -> None:
    """Turn off what OpenCV logs, that of its own libtiff included."""
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
