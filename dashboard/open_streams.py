"""The streams that are open in this process, by device. Changed on the event loop only."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from typing import Protocol

SLICE = 50
SLICE_SECONDS = 0.05
"""A thousand heartbeats at once would keep an event waiting: they are sent in slices, with a pause between."""


class OpenStream(Protocol):
    """A stream somebody reads."""

    @property
    def device_id(self) -> int:
        """Whose it is."""

    async def beat(self) -> None:
        """Say that the journal was read just now."""

    def end(self) -> None:
        """Close it as soon as the event loop comes round."""


class OpenStreams:
    """Who reads what this process tells."""

    def __init__(self) -> None:
        self._by_device: defaultdict[int, set[OpenStream]] = defaultdict(set)

    def add(self, stream: OpenStream) -> None:
        """Count a stream in."""
        self._by_device[stream.device_id].add(stream)

    def remove(self, stream: OpenStream) -> None:
        """Forget a stream. Safe to repeat."""
        others = self._by_device[stream.device_id]
        others.discard(stream)
        if not others:
            del self._by_device[stream.device_id]

    def devices(self) -> list[int]:
        """The devices with an open stream. From any thread: copying a dict's keys is one step for the interpreter."""
        return list(self._by_device)

    def end_those_of(self, devices: Collection[int]) -> None:
        """Close every stream of these devices."""
        for device in devices:
            for stream in tuple(self._by_device.get(device, ())):
                stream.end()

    async def beat(self) -> None:
        """Send a heartbeat to every stream."""
        everybody = [stream for streams in self._by_device.values() for stream in streams]
        for start in range(0, len(everybody), SLICE):
            for stream in everybody[start : start + SLICE]:
                await stream.beat()
            await asyncio.sleep(SLICE_SECONDS)

    def __len__(self) -> int:
        return sum(len(streams) for streams in tuple(self._by_device.values()))


streams = OpenStreams()
