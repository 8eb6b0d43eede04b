"""The pivot: every line of a fund as one flat table, its changes as they happen, and saved views."""
