"""Doors to the outside: Redis. The sheet has its own room, `occupation/sheets`."""
