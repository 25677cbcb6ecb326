"""Claims by themselves: make Redis agree with the rows after it was wiped, stopped or interrupted."""

from __future__ import annotations

from dataclasses import dataclass

from occupation.gateways import claims
from occupation.gateways.claims import Settled
from occupation.models import Spool


@dataclass(frozen=True, slots=True)
class ClaimReport:
    """What healing did: how many occupations there are, and the tags whose claim it set or deleted.

    `jovenes` counts the claims that no row backs but that may belong to a verb in flight: they were left.
    """

    ocupados: int
    puestas: list[str]
    huerfanas: list[str]
    jovenes: int = 0


def heal_claim(spool: Spool) -> Settled | None:
    """Make the claim on `spool`, read without a lock, agree with its row; None when Redis is away."""
    claim = spool.claim
    settled = claims.settle(spool.tag, claim)
    if claim is not None and settled == Settled.CHANGED and not _stands(spool):
        # Its holder let go between our reading and our setting, and nobody else would delete what we set.
        claims.release(spool.tag, claim)
    return settled


def heal_claims() -> ClaimReport | None:
    """Set every missing claim, renew the right ones and delete orphans older than 10 s; None when Redis is away."""
    present = claims.read_all()
    if present is None:
        return None
    held = {spool.tag: spool for spool in Spool.objects.ocupados()}
    done = {
        tag: heal_claim(held[tag]) if tag in held else claims.settle(tag, None) for tag in sorted({*present, *held})
    }
    if None in done.values():
        return None
    changed = [tag for tag, settled in done.items() if settled == Settled.CHANGED]
    return ClaimReport(
        ocupados=len(held),
        puestas=[tag for tag in changed if tag in held],
        huerfanas=[tag for tag in changed if tag not in held],
        jovenes=sum(settled == Settled.LEFT for settled in done.values()),
    )


def _stands(spool: Spool) -> bool:
    """Whether the row still asks for the claim that `spool` asked for when it was read."""
    now = Spool.objects.filter(pk=spool.pk).first()
    return now is not None and (now.tag, now.claim) == (spool.tag, spool.claim)
