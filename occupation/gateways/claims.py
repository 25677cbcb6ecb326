"""The claim on a spool in Redis: `spool_lock:{TAG}` holds `{worker_id}:{ocupacion_token}`.

A claim keeps a crowd from queueing on the row and shows other programs who holds what. It never answers alone:
the row decides, and the claim is made to agree with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from uuid import UUID

from django.conf import settings
from redis import Redis

from occupation.gateways import connection

PREFIX = "spool_lock:"
ORPHAN_SECONDS = 10
"""A claim that no row backs may belong to a verb in flight for this long; afterwards it is an orphan."""

SCAN_BATCH = 500


class Settled(IntEnum):
    """What the script says settling did: left a claim to its verb in flight, found the right one, or changed it."""

    LEFT = 0
    STOOD = 1
    CHANGED = 2


_SETTLE = f"""
local current = redis.pcall('GET', KEYS[1])
local truth, mine, ttl, orphan, force = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
if current and current ~= truth and current ~= mine and force == '0' then
  local left = redis.call('PTTL', KEYS[1])
  local age = ttl * 1000 - left
  if left >= 0 and age >= 0 and age < orphan * 1000 then return {Settled.LEFT:d} end
end
if truth ~= '' then
  redis.call('SET', KEYS[1], truth, 'EX', ttl)
elseif current then
  redis.call('DEL', KEYS[1])
end
if (current or '') == truth then return {Settled.STOOD:d} end
return {Settled.CHANGED:d}
"""


_RELEASE = "if redis.pcall('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


def value(worker_id: int, token: UUID) -> str:
    """What a claim holds."""
    return f"{worker_id}:{token}"


def acquire(tag: str, claim: str) -> None:
    """Show other programs that a verb is about to occupy `tag`, unless a claim stands already: then the row decides."""
    connection.attempt(lambda redis: redis.set(PREFIX + tag, claim, nx=True, ex=settings.LOCK_TTL_SECONDS))


def settle(tag: str, truth: str | None, *, mine: str | None = None, force: bool = False) -> Settled | None:
    """Make the claim on `tag` agree with the row, atomically.

    `truth` is the claim the row asks for (None: free), `mine` one this verb owned and gives up. Another claim is
    left alone while it may belong to a verb in flight, unless `force` says that the row has just decided.
    None when Redis is away.
    """
    return connection.attempt(lambda redis: _settle(redis, tag, truth, mine, force=force))


def _settle(redis: Redis, tag: str, truth: str | None, mine: str | None, *, force: bool) -> Settled:
    arguments = (truth or "", mine or "", str(settings.LOCK_TTL_SECONDS), str(ORPHAN_SECONDS), "1" if force else "0")
    return Settled(redis.eval(_SETTLE, 1, PREFIX + tag, *arguments))


def release(tag: str, mine: str) -> None:
    """Give up the claim on `tag`, atomically, if it is still exactly `mine`."""
    connection.attempt(lambda redis: redis.eval(_RELEASE, 1, PREFIX + tag, mine))


def read_many(tags: Iterable[str]) -> dict[str, str] | None:
    """The claims that there are on these tags, by tag, in one look; None when Redis is away."""
    keys = [PREFIX + tag for tag in tags]
    return connection.attempt(lambda redis: _read_keys(redis, keys))


def read_all() -> dict[str, str] | None:
    """Every claim by tag, `""` for what is no text; None when Redis is away."""
    return connection.attempt(_read_all)


def _read_all(redis: Redis) -> dict[str, str]:
    keys = list(redis.scan_iter(match=PREFIX + "*", count=SCAN_BATCH))
    # What is there and no text is no right claim either, and whoever compares should see it.
    return {key.removeprefix(PREFIX): "" for key in keys} | _read_keys(redis, keys)


def _read_keys(redis: Redis, keys: Sequence[str]) -> dict[str, str]:
    claims: dict[str, str] = {}
    for start in range(0, len(keys), SCAN_BATCH):
        batch = keys[start : start + SCAN_BATCH]
        pairs = zip(batch, redis.mget(batch), strict=True)
        claims.update({key.removeprefix(PREFIX): str(claim) for key, claim in pairs if claim is not None})
    return claims
