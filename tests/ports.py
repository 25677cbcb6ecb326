"""Free ports of the loopback address, and waiting: until a server answers, or for what is promised within a time."""

import os
import socket
import time
from collections.abc import Callable


def free_port() -> int:
    """A port nobody listens on now. The kernel hands out others for a while before it repeats this one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def patient(seconds: float) -> float:
    """How long to wait for what is promised within `seconds`.

    The long profile holds to the promise. The short one runs three suites at once on whatever machine there is, and
    only asks that it comes.
    """
    return seconds if os.environ.get("TALLER_LONG") == "1" else max(30.0, 4 * seconds)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Return as soon as the condition holds; TimeoutError naming `what` if it does not within `seconds`, patiently."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > patient(seconds):
            raise TimeoutError(f"{what}: not within {patient(seconds):g} s")
        time.sleep(0.02)
