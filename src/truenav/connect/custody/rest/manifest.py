"""The generic mapping; where it asks is in the mapping of each connection."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="rest",
    title="Custodian by REST mapping",
    version="1",
    grade="silver",
    hosts={"api": "https://custodian.invalid"},
    budgets=(Budget("requests", 60, 60),),
    credentials=("key",),
)
