"""Bulk import of history by CSV and JSON files."""

from truenav.connect.files.check import ImportReport, check
from truenav.connect.files.table import FileProblem
from truenav.connect.files.templates import TEMPLATES

__all__ = ["TEMPLATES", "FileProblem", "ImportReport", "check"]
