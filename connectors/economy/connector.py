"""How the Ministry of Economy speaks: JSON and XML batch."""

from __future__ import annotations

from pathlib import Path

from connectors._kit.contract import Connector, Cut, Splitting
from connectors.economy import excise, payroll, taxpayers_xml
from connectors.economy.normalize import CONTENT_TYPES, normalize
from schemas.activity_classification import ActivityClassification
from schemas.excise_contribution import ExciseContribution
from schemas.payroll_report import PayrollReport
from schemas.tax_registration import TaxRegistration

CONNECTOR = Connector(
    name="economy",
    title="Ministry of Economy",
    dialect="JSON and XML batch",
    content_types=CONTENT_TYPES,
    records=(TaxRegistration, ActivityClassification, PayrollReport, ExciseContribution),
    normalize=normalize,
    folder=Path(__file__).parent,
    splitting=Splitting(
        xml=(
            Cut(taxpayers_xml.NAMESPACE, taxpayers_xml.NAME, ("Taxpayer",)),
            Cut(payroll.NAMESPACE, payroll.NAME, ("PayrollReturn",)),
            Cut(excise.NAMESPACE, excise.NAME, ("ExciseDeclaration",)),
        ),
        ndjson="taxpayers",
    ),
)
