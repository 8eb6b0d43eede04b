"""Configuration files of the embedded cluster, as text."""

from __future__ import annotations

from collections.abc import Mapping

OWN_SETTINGS_FILE = "truenav.conf"

# Replaces the file initdb writes, whose explicit defaults would win over the included file.
MAIN_FILE = f"""\
# {OWN_SETTINGS_FILE} is rewritten at every start. Your own settings go below it, and win.
include '{OWN_SETTINGS_FILE}'
"""

ACCESS_FILE = """\
# Everybody shows a password, on every path.
local   all           all                 scram-sha-256
host    all           all   127.0.0.1/32  scram-sha-256
"""

# Sized for a laptop. Durability is never traded; data values stay out of the log (terse errors).
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "temp_buffers": "64MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_compression": "off",
    "max_slot_wal_keep_size": "16GB",  # the most log that is kept for a mirror that does not come back
    "jit": "off",
    "timezone": "UTC",
    "datestyle": "iso, ymd",
    "lc_messages": "C",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "server-%Y%m%dT%H%M%S.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "10MB",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


def own_settings(port: int, overrides: Mapping[str, str]) -> str:
    """Text of the settings file: ours, then `overrides`, with the port of this start."""
    values = {**SETTINGS, **overrides, "port": str(port)}
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in values.items())


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
