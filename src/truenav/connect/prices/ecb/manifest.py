"""The ECB's public rate files."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="ecb",
    title="European Central Bank",
    version="1",
    grade="gold",
    hosts={"web": "https://www.ecb.europa.eu"},
    budgets=(Budget("files", 10, 60),),
)
