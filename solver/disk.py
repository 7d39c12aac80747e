"""Why the operating system did not save a file, in words that say what to do."""

from __future__ import annotations

import errno

_REASONS = {
    errno.ENOSPC: "the disk is full. Free some space",
    errno.EDQUOT: "your disk quota is used up. Free some space",
    errno.EFBIG: "the disk does not take a file of this size. Free some space, or choose another folder",
    errno.EACCES: "permission denied. Choose a folder you may write to, or close the program that holds the file",
    errno.EPERM: "permission denied. Choose a folder you may write to",
    errno.EROFS: "the disk is read-only. Choose another folder",
    errno.EIO: "the disk reports an error. Choose another disk",
}


def why_not_saved(error: OSError) -> str:
    """What stood in the way, and what to do about it: for the middle of a sentence."""
    return _REASONS.get(error.errno, f"{(error.strerror or str(error)).lower()}. Choose another folder")
