"""The claim on a spool in Redis: `spool_lock:{TAG}` holds `{worker_id}:{ocupacion_token}`.

A claim keeps a crowd from queueing on the row and shows other programs who holds what. It never answers alone:
the row decides, and the claim is made to agree with it.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from redis import Redis

from occupation.gateways import connection

PREFIX = "spool_lock:"
ORPHAN_SECONDS = 10
"""A claim that no row backs may belong to a verb in flight for this long; afterwards it is an orphan."""

SCAN_BATCH = 500

_SETTLE = """
local current = redis.pcall('GET', KEYS[1])
local truth, mine, ttl, orphan, force = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
if current and current ~= truth and current ~= mine and force == '0' then
  local left = redis.call('PTTL', KEYS[1])
  local age = ttl * 1000 - left
  if left >= 0 and age >= 0 and age < orphan * 1000 then return 0 end
end
if truth ~= '' then
  redis.call('SET', KEYS[1], truth, 'EX', ttl)
elseif current then
  redis.call('DEL', KEYS[1])
end
return 1
"""


_RELEASE = "if redis.pcall('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


def value(worker_id: int, token: UUID) -> str:
    """What a claim holds."""
    return f"{worker_id}:{token}"


def acquire(tag: str, claim: str) -> None:
    """Show other programs that a verb is about to occupy `tag`, unless a claim stands already: then the row decides."""
    connection.attempt(lambda redis: redis.set(PREFIX + tag, claim, nx=True, ex=settings.LOCK_TTL_SECONDS))


def settle(tag: str, truth: str | None, *, mine: str | None = None, force: bool = False) -> bool | None:
    """Make the claim on `tag` agree with the row, atomically.

    `truth` is the claim the row asks for (None: free), `mine` one this verb owned and gives up. Another claim is
    left alone while it may belong to a verb in flight, unless `force` says that the row has just decided.
    Whether they agree now; None when Redis is away.
    """
    return connection.attempt(lambda redis: _settle(redis, tag, truth, mine, force=force))


def _settle(redis: Redis, tag: str, truth: str | None, mine: str | None, *, force: bool) -> bool:
    arguments = (truth or "", mine or "", str(settings.LOCK_TTL_SECONDS), str(ORPHAN_SECONDS), "1" if force else "0")
    return bool(redis.eval(_SETTLE, 1, PREFIX + tag, *arguments))


def release(tag: str, mine: str) -> None:
    """Give up the claim on `tag`, atomically, if it is still exactly `mine`."""
    connection.attempt(lambda redis: redis.eval(_RELEASE, 1, PREFIX + tag, mine))


def read(tag: str) -> str | None:
    """The claim on `tag`; None when there is none or Redis is away."""
    claim = connection.attempt(lambda redis: redis.get(PREFIX + tag))
    return str(claim) if claim is not None else None


def read_all() -> dict[str, str] | None:
    """Every claim by tag; None when Redis is away."""
    return connection.attempt(_read_all)


def _read_all(redis: Redis) -> dict[str, str]:
    keys = list(redis.scan_iter(match=PREFIX + "*", count=SCAN_BATCH))
    claims: dict[str, str] = {}
    for start in range(0, len(keys), SCAN_BATCH):
        batch = keys[start : start + SCAN_BATCH]
        pairs = zip(batch, redis.mget(batch), strict=True)
        claims.update({key.removeprefix(PREFIX): claim for key, claim in pairs if claim is not None})
    return claims
