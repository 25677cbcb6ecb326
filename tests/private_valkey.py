"""The private Valkey of the tests: it can be killed, frozen and brought back on the same port."""

import signal
import tempfile
from pathlib import Path

import redis

from taller.private_valkey import PrivateValkey
from tests.ports import free_port


class BreakableValkey(PrivateValkey):
    """A real server on a loopback port of its own. It keeps nothing on disk: `start` after `kill` finds it empty."""

    def __init__(self) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="taller-valkey-")), free_port())

    def client(self) -> redis.Redis:
        """A new client that answers in text; the caller closes it."""
        return redis.Redis.from_url(self.url, decode_responses=True)

    def kill(self) -> None:
        """kill -9: connections break, what it held is gone."""
        self.stop()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def make_fresh(self) -> None:
        """Running, answering and empty, whatever the last test did to it."""
        self.thaw()
        if not self.is_alive:
            self.start()
        with self.client() as client:
            client.flushall()

    def _signal(self, number: signal.Signals) -> None:
        if self.process and self.is_alive:
            self.process.send_signal(number)
