"""What tends the audit's chain: the sealer and, where there is a key, the writer of anchors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hub.assembly import Hub, Kind
from hub.crew import Worker
from hub.evidence.chain.anchoring import Anchoring
from hub.evidence.chain.anchors import read_signer
from hub.evidence.chain.sealer import Sealer
from hub.rounds import Rounds


def auditors(hub: Hub) -> Mapping[str, Worker]:
    """Build the workers that run beside the relay: one of either per deployment suffices."""
    chosen = hub.settings.evidence
    sealer = Sealer(hub.database("audit sealer"), hub.metrics)
    sealing = Rounds(
        "audit sealer",
        lambda: sealer.step(hub.clock()),
        chosen.seal_seconds,
        sealer.close,
        hub.breaker("audit sealer", hub.worker_id(Kind.RELAY), sealer.database),
    )
    if chosen.signing_key is None or chosen.anchors is None:
        return {"audit sealer": sealing}
    anchoring = Anchoring(
        hub.database("audit anchors"),
        read_signer(chosen.signing_key),
        chosen.anchors,
        timedelta(seconds=chosen.anchor_seconds),
        hub.metrics,
    )
    anchors = Rounds(
        "audit anchors",
        lambda: anchoring.step(hub.clock()),
        chosen.seal_seconds,
        anchoring.close,
        hub.breaker("audit anchors", hub.worker_id(Kind.RELAY), anchoring.database),
    )
    return {"audit sealer": sealing, "audit anchors": anchors}
