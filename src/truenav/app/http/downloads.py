"""Answers that are files."""

from __future__ import annotations

from fastapi import Response


def attachment(data: bytes, name: str, media_type: str) -> Response:
    """Bytes to be saved under a name of ours, never shown or guessed at by a browser."""
    return Response(
        data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
