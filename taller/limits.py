"""How a process that holds hundreds of streams has to be set up."""

import resource
import sys

TURN_SECONDS = 0.001


def raise_file_limit() -> None:
    """Each open board is a file descriptor: take as many as the system lets this user have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def take_short_turns() -> None:
    """Let threads that compute hand the interpreter on sooner than after Python's 5 ms.

    Each write to a stream lets go of it for a moment, and beside a busy thread waits that long to have it back: once
    for each of the hundreds of writes of a flush.
    """
    sys.setswitchinterval(TURN_SECONDS)
