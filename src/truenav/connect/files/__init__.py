"""Bulk import of history by CSV and JSON files: templates of our own, and layouts of any export."""

from truenav.connect.files.check import ImportReport, check
from truenav.connect.files.layouts import layouts
from truenav.connect.files.mapping import Layout, layout_from_json, layout_to_json
from truenav.connect.files.sniff import Sniffed, sniff
from truenav.connect.files.table import FileProblem
from truenav.connect.files.templates import TEMPLATES

__all__ = [
    "TEMPLATES",
    "FileProblem",
    "ImportReport",
    "Layout",
    "Sniffed",
    "check",
    "layout_from_json",
    "layout_to_json",
    "layouts",
    "sniff",
]
