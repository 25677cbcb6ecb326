"""Claims over the whole shop: make Redis agree with the rows after it was wiped, stopped or interrupted."""

from __future__ import annotations

from dataclasses import dataclass

from occupation.gateways import claims
from occupation.models import Spool
from occupation.services._execute import claim_of


@dataclass(frozen=True, slots=True)
class ClaimReport:
    """What healing did: how many occupations there are, and the tags whose claim it set or deleted."""

    ocupados: int
    puestas: list[str]
    huerfanas: list[str]


def heal_claims() -> ClaimReport | None:
    """Set every missing claim, renew the right ones and delete orphans older than 10 s; None when Redis is away."""
    present = claims.read_all()
    if present is None:
        return None
    rows = {spool.tag: claim_of(spool) for spool in Spool.objects.ocupados()}
    settled = {tag: claims.settle(tag, rows.get(tag)) for tag in sorted(present.keys() | rows.keys())}
    if None in settled.values():
        return None
    puestas = [tag for tag, done in settled.items() if tag in rows and done and present.get(tag) != rows[tag]]
    huerfanas = [tag for tag, done in settled.items() if tag not in rows and done]
    return ClaimReport(len(rows), puestas, huerfanas)
