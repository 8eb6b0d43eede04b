"""The web app: files built by ``make web``, served beside the API from the same address.

What is served is read from the folder into a table of addresses, at the start and again after a new build. A
request is looked up there and nowhere else, so no address can name a file outside of the folder. The table
holds the bytes (about ten megabytes): a page begins with dozens of small files, and none waits for a disk.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from truenav.app.http.etags import etag, matches

WEB = Path(__file__).parents[3] / "web" / "dist"
"""Where ``make web`` builds to; absent where the app was never built, and then the API stands alone."""

# Mantine and ECharts set styles on elements and in <style> as they draw,
# hence 'unsafe-inline' for styles alone; scripts are files of ours and nothing else.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)

_FOREVER = "public, max-age=31536000, immutable"  # names under assets/ carry the hash of their content
_ASK_FIRST = "no-cache"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_AS_IT_IS = "identity"
_TYPES = {".js": "text/javascript", ".woff2": "font/woff2"}


class Body(NamedTuple):
    """Bytes to be sent, and their entity tag."""

    content: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class WebFile:
    """One file of the build; ``bodies`` holds it by content coding, as it is under ``identity``."""

    media_type: str
    cache: str
    bodies: Mapping[str, Body]


def install_web(app: FastAPI, folder: Path = WEB) -> None:
    """Serve the web app where no route matches; without a build nothing changes."""
    if (folder / "index.html").is_file():
        app.router.default = _Web(folder, app.router.default)


def read_files(folder: Path) -> dict[str, WebFile]:
    """Every file of the build by its address; what begins with a dot is the builder's own."""
    found = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not path.is_symlink() and not hidden and path.suffix not in (".br", ".gz"):
            found[f"/{relative.as_posix()}"] = _file(path, relative)
    return found


def _file(path: Path, relative: Path) -> WebFile:
    guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    twins = {coding: path.with_name(path.name + suffix) for coding, suffix in _ENCODINGS}
    present = {coding: twin for coding, twin in twins.items() if twin.is_file()}
    return WebFile(
        media_type=guessed,
        cache=_FOREVER if relative.parts[0] == "assets" else _ASK_FIRST,
        bodies={coding: _read(one) for coding, one in {_AS_IT_IS: path, **present}.items()},
    )


def _read(path: Path) -> Body:
    content = path.read_bytes()
    return Body(content, etag(content))


class _Web:
    """Answers GET and HEAD from the table; everything else goes on to ``otherwise``."""

    def __init__(self, folder: Path, otherwise: ASGIApp) -> None:
        self._document = folder / "index.html"
        self._built_ns = 0
        self._files: Mapping[str, WebFile] = {}
        self._otherwise = otherwise
        self._look_for_new_build()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._look_up(Request(scope)) if scope["type"] == "http" else None
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        scope.setdefault("state", {})["route"] = "web"
        await _answer(Request(scope), found)(scope, receive, send)

    def _look_up(self, request: Request) -> WebFile | None:
        path = request.url.path
        if request.method not in ("GET", "HEAD") or path == "/api" or path.startswith("/api/"):
            return None
        if path in self._files:
            return self._files[path]
        # An address of the app itself: its pages are drawn by the browser, all from the one document.
        if "text/html" not in request.headers.get("accept", "") or "." in path.rpartition("/")[2]:
            return None
        self._look_for_new_build()
        return self._files.get("/index.html")

    def _look_for_new_build(self) -> None:
        """The document names the files that belong to it, so it must never be newer than the table."""
        try:
            built_ns = self._document.stat().st_mtime_ns
        except FileNotFoundError:  # a build is under way
            return
        if built_ns != self._built_ns:
            self._files, self._built_ns = read_files(self._document.parent), built_ns


def _answer(request: Request, file: WebFile) -> Response:
    coding = _best_coding(request.headers.get("accept-encoding", ""), file.bodies)
    content, tag = file.bodies[coding]
    headers = {
        "Cache-Control": file.cache,
        "Content-Security-Policy": _POLICY,
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    if matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    if coding != _AS_IT_IS:
        headers["Content-Encoding"] = coding
    return Response(content, headers=headers, media_type=file.media_type)


def _best_coding(accepted: str, present: Mapping[str, Body]) -> str:
    """The best coding that the browser takes and the build has; one with ``q=0`` is not taken."""
    takes = set()
    for one in accepted.lower().split(","):
        name, _, parameter = one.strip().partition(";")
        if parameter.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            takes.add(name.strip())
    return next((coding for coding, _ in _ENCODINGS if coding in takes and coding in present), _AS_IT_IS)
