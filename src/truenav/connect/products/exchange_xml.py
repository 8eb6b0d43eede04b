"""Creation lists in the manner of the exchanges' portfolio composition files (申购赎回清单).

Elements are named as in the files of the Shanghai Stock Exchange where it has one; ``Currency``, ``AsOf``,
``SharesOutstanding`` and ``ReferencePrice`` are added, and ``InstrumentID`` holds a full asset id. Days are
``20261124``; limits are shares, as there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from truenav.connect.products.records import ListFileError, cell_text, cell_value
from truenav.core.basket import CreationList, ListLine, Substitution
from truenav.core.money import AssetId

ROOT = "PortfolioCompositionFile"

_DAY = re.compile(r"\d{8}")
_SWITCH = {(False, False): "0", (True, True): "1", (True, False): "2", (False, True): "3"}
_FLAG = {
    Substitution.FORBIDDEN: "0",
    Substitution.ALLOWED: "1",
    Substitution.REQUIRED: "2",
    Substitution.AT_COST: "3",
}

_HEADER: Mapping[str, Any] = {
    "FundInstrumentID": str,
    "CreationRedemptionUnit": int,
    "TradingDay": date,
    "PreTradingDay": date,
    "NAVperCU": Decimal,
    "NAV": Decimal,
    "PreCashComponent": Decimal | None,
    "EstimatedCashComponent": Decimal,
    "MaxCashRatio": Decimal,
    "CreationLimit": int | None,
    "RedemptionLimit": int | None,
    "CreationRedemptionSwitch": str,
    "RecordNumber": int,
    "Currency": str,
    "AsOf": datetime,
    "SharesOutstanding": int,
}
_COMPONENT: Mapping[str, Any] = {
    "InstrumentID": str,
    "Quantity": Decimal,
    "SubstitutionFlag": str,
    "CreationPremiumRate": Decimal,
    "RedemptionDiscountRate": Decimal,
    "SubstitutionCashAmount": Decimal,
    "ReferencePrice": Decimal,
}


def to_xml(listed: CreationList) -> bytes:
    """The list as XML, one element a line."""
    limit = None if listed.daily_limit is None else listed.daily_limit * listed.unit_size
    header = {
        "FundInstrumentID": listed.product,
        "CreationRedemptionUnit": listed.unit_size,
        "TradingDay": f"{listed.trade_day:%Y%m%d}",
        "PreTradingDay": f"{listed.previous_day:%Y%m%d}",
        "NAVperCU": listed.unit_value,
        "NAV": listed.nav_per_share,
        "PreCashComponent": listed.previous_cash,
        "EstimatedCashComponent": listed.estimated_cash,
        "MaxCashRatio": listed.max_cash_ratio,
        "CreationLimit": limit,
        "RedemptionLimit": limit,
        "CreationRedemptionSwitch": _SWITCH[listed.creation, listed.redemption],
        "RecordNumber": len(listed.lines),
        "Currency": listed.quote,
        "AsOf": listed.as_of,
        "SharesOutstanding": listed.shares_outstanding,
    }
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<{ROOT}>",
        *_elements(header, "  "),
        "  <ComponentList>",
    ]
    for line in listed.lines:
        component = {
            "InstrumentID": line.asset,
            "Quantity": line.quantity,
            "SubstitutionFlag": _FLAG[line.substitution],
            "CreationPremiumRate": line.creation_premium,
            "RedemptionDiscountRate": line.redemption_discount,
            "SubstitutionCashAmount": line.cash_amount,
            "ReferencePrice": line.price,
        }
        out += ["    <Component>", *_elements(component, "      "), "    </Component>"]
    return "\n".join([*out, "  </ComponentList>", f"</{ROOT}>", ""]).encode()


def _elements(values: Mapping[str, object], indent: str) -> list[str]:
    texts = {tag: cell_text(value) for tag, value in values.items()}
    return [f"{indent}<{tag}>{escape(text)}</{tag}>" for tag, text in texts.items() if text]


def from_xml(text: str) -> CreationList:
    """The list of a text that `to_xml` wrote, or somebody in its form. Document types are refused unread."""
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reading.start(parser)
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.texts.append
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ListFileError(
            f"The file is no XML: {expat.errors.messages[error.code]}.", line=error.lineno
        ) from None
    return _listed(reading)


def _refuse_doctype(*_: object) -> None:
    raise ListFileError("A list has no document type; remove the DOCTYPE.")


@dataclass(slots=True)
class _Part:
    """The fields of the header or of one component, and the line where it begins."""

    line: int
    fields: dict[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Reading:
    """What the parser found so far; ``path`` are the elements that are open."""

    header: _Part = field(default_factory=lambda: _Part(1))
    components: list[_Part] = field(default_factory=list)
    path: list[tuple[str, int]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def start(self, parser: expat.XMLParserType) -> Callable[[str, dict[str, str]], None]:
        """The handler of an opening tag; it asks the parser for the line."""

        def opened(tag: str, attributes: dict[str, str]) -> None:
            line = parser.CurrentLineNumber
            above = tuple(name for name, _ in self.path)
            if attributes or not _may_stand(above, tag):
                raise ListFileError(
                    "The element may not stand here, or has attributes.", line=line, column=tag
                )
            self.refuse_stray_text(line, tag)
            if above == (ROOT, "ComponentList"):
                self.components.append(_Part(line))
            self.path.append((tag, line))

        return opened

    def refuse_stray_text(self, line: int, tag: str) -> None:
        """Text between elements means nothing; what was read is forgotten."""
        value = "".join(self.texts).strip()
        if value:
            raise ListFileError(f"{value[:40]!r} stands outside of an element.", line=line, column=tag)
        self.texts.clear()

    def end(self, tag: str) -> None:
        """The handler of a closing tag: a field is complete."""
        _, line = self.path.pop()
        if len(self.path) == 1 and tag != "ComponentList":
            part = self.header
        elif len(self.path) == 3:
            part = self.components[-1]
        else:
            self.refuse_stray_text(line, tag)
            return
        value = "".join(self.texts).strip()
        self.texts.clear()
        if tag in part.fields:
            raise ListFileError("The element stands twice.", line=line, column=tag)
        part.fields[tag] = (line, value)


def _may_stand(above: tuple[str, ...], tag: str) -> bool:
    if not above:
        return tag == ROOT
    if above == (ROOT,):
        return tag == "ComponentList" or tag in _HEADER
    if above == (ROOT, "ComponentList"):
        return tag == "Component"
    return above == (ROOT, "ComponentList", "Component") and tag in _COMPONENT


def _values(part: _Part, hints: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for tag, hint in hints.items():
        line, text = part.fields.get(tag, (part.line, ""))
        if hint is date and _DAY.fullmatch(text):
            text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        found[tag] = cell_value(hint, text, line=line, column=tag)
    return found


def _chosen(code: str, codes: Mapping[Any, str], part: _Part, tag: str) -> Any:
    for meaning, known in codes.items():
        if known == code:
            return meaning
    line, _ = part.fields[tag]
    raise ListFileError(f"{code[:40]!r} is not one of {', '.join(codes.values())}.", line=line, column=tag)


def _listed(reading: _Reading) -> CreationList:
    part = reading.header
    head = _values(part, _HEADER)
    creation, redemption = _chosen(
        head["CreationRedemptionSwitch"], _SWITCH, part, "CreationRedemptionSwitch"
    )
    if head["RecordNumber"] != len(reading.components):
        line, _ = part.fields["RecordNumber"]
        raise ListFileError(
            f"The file has {len(reading.components)} components; it was cut off or edited.",
            line=line,
            column="RecordNumber",
        )
    return CreationList(
        product=head["FundInstrumentID"],
        trade_day=head["TradingDay"],
        previous_day=head["PreTradingDay"],
        as_of=head["AsOf"],
        quote=AssetId(head["Currency"]),
        unit_size=head["CreationRedemptionUnit"],
        shares_outstanding=head["SharesOutstanding"],
        nav_per_share=head["NAV"],
        unit_value=head["NAVperCU"],
        lines=tuple(_line(one) for one in reading.components),
        estimated_cash=head["EstimatedCashComponent"],
        previous_cash=head["PreCashComponent"],
        max_cash_ratio=head["MaxCashRatio"],
        creation=creation,
        redemption=redemption,
        daily_limit=_limit(head, part),
    )


def _limit(head: Mapping[str, Any], part: _Part) -> int | None:
    """The daily limit in creation units; both sides have the same."""
    limit, unit = head["CreationLimit"], head["CreationRedemptionUnit"]
    if limit == head["RedemptionLimit"] and (limit is None or (unit > 0 and limit % unit == 0)):
        return None if limit is None else limit // unit
    line, _ = part.fields.get("CreationLimit", (part.line, ""))
    raise ListFileError(
        "Both limits are the same whole number of creation units, in shares.",
        line=line,
        column="CreationLimit",
    )


def _line(part: _Part) -> ListLine:
    cells = _values(part, _COMPONENT)
    return ListLine(
        asset=AssetId(cells["InstrumentID"]),
        quantity=cells["Quantity"],
        price=cells["ReferencePrice"],
        substitution=_chosen(cells["SubstitutionFlag"], _FLAG, part, "SubstitutionFlag"),
        creation_premium=cells["CreationPremiumRate"],
        redemption_discount=cells["RedemptionDiscountRate"],
        cash_amount=cells["SubstitutionCashAmount"],
    )
