"""Contributions per litre or per 1000 pieces of certain goods (decree 4.1.7; Tax Code 191.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from schemas.fields import Amount, Code, Measure, Period
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category

Goods = Literal[
    "petrol",
    "diesel",
    "lpg",
    "vodka-fortified-liqueur",
    "beer",
    "cigarillo",
    "cigarette",
    "energy-drink",
]
"""The goods of 4.1.7; the list of excisable goods is longer (wine, cognac, whole cigars)."""

Unit = Literal["litre", "1000-pieces"]

UNITS: Mapping[Goods, Unit] = {
    goods: "1000-pieces" if goods in ("cigarillo", "cigarette") else "litre"
    for goods in get_args(Goods)
}
"""The one unit of each of the goods. Tonnes are not litres: density is nobody's to assume."""


class ExciseContribution(CanonicalRecord):
    """What was calculated, or what was paid, in manat for goods of one kind and origin.

    ``customs_code`` is the XİF MN code of ten digits, ``rate_version`` the sender's name of the
    rate applied: rates are dated data, and these were probably abolished after 2025.
    """

    record_type = "excise_contribution"
    category = Category.C417

    payer: Identifier
    period: Period
    goods: Goods
    origin: Literal["produced", "imported"]
    stage: Literal["calculated", "paid"]
    quantity: Measure
    unit: Unit
    amount: Amount
    customs_code: Annotated[str, Field(pattern=r"^[0-9]{10}$")] | None = None
    rate_version: Code | None = None

    @field_validator("unit")
    @classmethod
    def _that_of_the_goods(cls, value: Unit, info: ValidationInfo) -> Unit:
        goods = info.data.get("goods")
        if goods is not None and value != UNITS[goods]:
            raise ValueError("is not the unit of these goods")
        return value

    @property
    def subject(self) -> str:
        """URN of the payer."""
        return self.payer.urn

    @property
    def fact_key(self) -> str:
        """Period, goods, origin and stage: what is due and what was paid change separately."""
        return self.key(self.period, self.goods, self.origin, self.stage)

    @staticmethod
    def key(period: str, goods: str, origin: str, stage: str) -> str:
        """The fact key of a contribution known by these alone."""
        return f"{period}:{goods}:{origin}:{stage}"
