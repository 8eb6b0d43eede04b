"""The drop copy; where a session stands and how its ends are called is in each connection's settings."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="fix",
    title="FIX drop copy",
    version="1",
    grade="silver",
    hosts={"session": "https://fix.invalid"},
    budgets=(Budget("sessions", 60, 60),),
    wallets=("desk",),
    credentials=("key", "secret"),
)
"""``key`` and ``secret`` are the session's user name and password."""
