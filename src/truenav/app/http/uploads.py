"""Files that are sent along with a request."""

from __future__ import annotations

from pathlib import PurePath

from fastapi import UploadFile

from truenav.core.failure import InvalidInputError


def uploaded_name(file: UploadFile) -> str:
    """The name of an uploaded file, without folders; refuses what no file is called."""
    name = PurePath(file.filename or "").name
    if name in ("", "..") or len(name) > 200 or not name.isprintable():
        raise InvalidInputError("Send the file with a name of at most 200 printable characters.")
    return name
