"""Addresses (SEMIC ``locn:Address``), as text, by registry id, or by coded parts."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, model_validator

from schemas.fields import Text, absent
from schemas.record import Value


class Address(Value):
    """A place of one of four kinds; at least one way to tell where it is must be present.

    ``admin_unit_code`` is a code of AZS 882, ``address_id`` one of the address registry.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [n]} for n in ("fullAddress", "addressId", "adminUnitCode")]
        }
    )

    full_address: Text | None = None
    address_id: Text | None = None
    admin_unit_code: Text | None = None
    admin_unit_l1: Text | None = None
    admin_unit_l2: Text | None = None
    thoroughfare: Text | None = None
    locator_designator: Text | None = None
    post_code: Text | None = None
    address_type: Literal["registered", "stay", "legal", "actual"]

    @model_validator(mode="after")
    def _tells_where(self) -> Self:
        if not (self.full_address or self.address_id or self.admin_unit_code):
            raise absent("needs fullAddress, addressId or adminUnitCode")
        return self
