"""Journals out: the facts of accounts as files that truenav and other programs read."""

from truenav.connect.files.out.forms import JournalForm, write
from truenav.connect.files.out.journal import KINDS, Journal

__all__ = ["KINDS", "Journal", "JournalForm", "write"]
