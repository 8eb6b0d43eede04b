"""The price vendor's protocol; where it stands is the connection's base URL."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="vendor",
    title="Price vendor",
    version="1",
    grade="gold",
    hosts={"api": "https://prices.invalid"},
    budgets=(Budget("prices", 60, 60),),
    credentials=("key",),
)
