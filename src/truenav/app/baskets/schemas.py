"""Forms of basket products, lists and orders on the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from truenav.app.http.models import Answer, Body, Instant, Number, Slug
from truenav.app.http.records import Record
from truenav.core.basket import ListDocument, Side
from truenav.core.money import Amount, AssetId
from truenav.store.baskets import KeptList, ListState

AssetText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class MakeListBody(Body):
    """As of when; by default now. It lies after the last cut-off.

    ``reason``: why it is made; needed where it takes the place of a published list.
    """

    as_of: Instant | None = None
    reason: Sentence | None = None


class ApproveListBody(Body):
    """What was seen: the SHA-256 of the document's canonical JSON."""

    document_sha: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class ReasonBody(Body):
    """Why."""

    reason: Sentence


class AmountBody(Body):
    """A number of one asset."""

    number: Number
    asset: AssetText

    def amount(self) -> Amount:
        """The exact amount."""
        return Amount(self.number, AssetId(self.asset))


class OrderBody(Body):
    """An order of whole creation units; ``cash_for``: assets that the participant settles in cash."""

    participant: Slug
    client_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    side: Annotated[Side, Field(strict=False)]
    units: Annotated[int, Field(ge=1, le=10**9)]
    cash_for: Annotated[list[AssetText], Field(default_factory=list, max_length=200)]


class DeliveryBody(Body):
    """What arrived. A transfer of the record needs its reference alone; by hand the amount, too."""

    reference: Reference
    amount: AmountBody | None = None


class BuyInBody(Body):
    """What the issuer bought in the participant's place, and what that cost in the quote asset."""

    missing: AmountBody
    cost: Number
    reference: Reference


class TrueUpBody(Body):
    """What the product's own trade of a substituted asset came to, in the quote asset, its fees included."""

    asset: AssetText
    realised: Number


class FeePaymentBody(Body):
    """Accrued fee that left the product, in tokens."""

    amount: AmountBody
    reference: Reference


class ListAnswer(Answer):
    """Where the list of a dealing day stands; ``note``: why it was rejected, ``reason``: why it was made."""

    product: str
    trade_day: date
    version: int
    state: ListState
    document_sha: str
    unit_value: Number
    nav_per_share: Number
    shares_outstanding: int
    made_by: str
    made_at: Instant
    approved_by: str | None
    approved_at: Instant | None
    published_by: str | None
    published_at: Instant | None
    note: str | None
    reason: str | None

    @classmethod
    def of(cls, kept: KeptList) -> Self:
        """A kept list as the API shows it."""
        listed = kept.document.listed
        return cls(
            product=listed.product,
            trade_day=listed.trade_day,
            version=kept.version,
            state=kept.state,
            document_sha=kept.document_sha,
            unit_value=listed.unit_value,
            nav_per_share=listed.nav_per_share,
            shares_outstanding=listed.shares_outstanding,
            made_by=kept.made_by,
            made_at=kept.made_at,
            approved_by=kept.approved_by,
            approved_at=kept.approved_at,
            published_by=kept.published_by,
            published_at=kept.published_at,
            note=kept.note,
            reason=kept.reason,
        )


class ListDetail(Answer):
    """A list with its document: the list itself, the close that it was made from, the disclosure."""

    summary: ListAnswer
    document: Record[ListDocument]

    @classmethod
    def full(cls, kept: KeptList) -> Self:
        """A kept list with everything in it."""
        return cls(summary=ListAnswer.of(kept), document=kept.document)
