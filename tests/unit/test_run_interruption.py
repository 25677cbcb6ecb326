"""Ctrl-C at the worst moment: while a process of the shop is being started."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from taller.run import Interruption


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    """Hears this process' SIGINT for the length of a test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    heard = Interruption()
    signal.signal(signal.SIGINT, heard)
    yield heard
    for number, handler in before.items():
        signal.signal(number, handler)


def test_ctrl_c_while_a_process_starts_waits_until_it_is_known(interruption: Interruption) -> None:
    known = []

    def start() -> str:
        signal.raise_signal(signal.SIGINT)
        return "the process"

    with pytest.raises(KeyboardInterrupt), interruption.held():
        known.append(start())
    assert known == ["the process"]


def test_ctrl_c_at_any_other_moment_is_heard_at_once_and_only_once(interruption: Interruption) -> None:
    with interruption.held():
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def test_what_could_not_be_started_does_not_hold_ctrl_c_back(interruption: Interruption) -> None:
    with pytest.raises(OSError, match="no such program"), interruption.held():
        raise OSError("no such program")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
