"""From a document to the bytes of a PDF, by typst in this process, with the bundled fonts alone.

The same document gives the same bytes: no clock, no system fonts, no network, the file's dates are those of
the valuation. What is printed goes in as JSON data; the template holds no text from outside.
"""

from __future__ import annotations

import json
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Final

from truenav.app.statements.document import Data
from truenav.app.statements.glyphs import ASSETS
from truenav.core.failure import TruenavError

if TYPE_CHECKING:
    from typst import Compiler

STANDARDS: Final = ("a-2a", "ua-1")
"""PDF/A-2a, for archives: all that is needed to show it is inside. PDF/UA-1: tagged, to be read aloud."""

_one_at_a_time = Lock()


class StatementError(TruenavError):
    """The typesetter refused a document; a fault of the template."""

    code = "statement-failed"
    title = "The statement could not be printed"


@cache
def _compiler() -> Compiler:
    """A warm compiler: template and fonts are read once in the life of the process."""
    import typst  # slow to load, and few processes print

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(ASSETS / "fonts")]
    )
    return typst.Compiler(str(ASSETS / "statement.typ"), root=str(ASSETS), font_paths=fonts)


def render_pdf(document: Data) -> bytes:
    """The document as a PDF; ``StatementError`` when the template does not accept it."""
    from typst import TypstError

    data = json.dumps(document, ensure_ascii=False, sort_keys=True)
    with _one_at_a_time:
        try:
            pdf = _compiler().compile(
                format="pdf", sys_inputs={"document": data}, timestamp=0, pdf_standards=list(STANDARDS)
            )
        except TypstError as error:
            raise StatementError(f"The template refused this statement: {str(error)[:200]}.") from error
    assert isinstance(pdf, bytes)
    return pdf
