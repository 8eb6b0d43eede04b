"""The version of the installed package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("truenav")
except PackageNotFoundError:  # run from a source tree that was not installed
    VERSION = "0+unknown"
