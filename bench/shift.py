"""Child: an open loop of workers. `python -m bench.shift VERBS RATE COUNT HANDS TOKEN URL...`

VERBS, such as `tomar,pausar`, are what each worker does to a spool before going on to the next. Each action has its
moment, whether the one before was answered or not, as people do not wait for each other. Times are seconds of the
system's monotonic clock, which all processes of the machine share.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from dataclasses import dataclass, field

from bench.children import say
from bench.load import Api

SPOOLS_EACH = 5
FIRST_SECONDS = 1.0


@dataclass(slots=True)
class Done:
    """One action: when it was due, when it was answered, and the version that its event will carry."""

    verb: str
    tag: str
    due: float
    answered: float
    version: str
    error: str = ""


@dataclass(slots=True)
class Hand:
    """One worker with a connection and a few spools, to each of which the verbs are done in turn."""

    api: Api
    worker_id: int
    tags: list[str]
    verbs: list[str]
    done: list[Done] = field(default_factory=list)
    turn: int = 0

    def act(self, due: float) -> None:
        """Do the next thing."""
        round_, step = divmod(self.turn, len(self.verbs))
        verb, tag = self.verbs[step], self.tags[round_ % len(self.tags)]
        self.turn += 1
        status, answer = self.api.post(verb, {"tag_spool": tag, "worker_id": self.worker_id, "operacion": "ARM"})
        answered = time.monotonic()
        error = "" if status == 200 else f"{verb} {tag}: {status} {answer.decode()[:300]}"
        self.done.append(Done(verb, tag, due, answered, "" if error else json.loads(answer)["version"], error))

    def warm_up(self) -> None:
        """Each spool once, so that from now on every action is one journal row."""
        for _ in range(len(self.verbs) * len(self.tags)):
            self.act(0)
        self.done.clear()


class Shift:
    """What is to be done, shared by the hands."""

    def __init__(self, hands: list[Hand], rate: float, count: int) -> None:
        self._hands, self._rate, self._count = hands, rate, count
        self._next = itertools.count()
        self._lock = threading.Lock()

    def run(self) -> None:
        """Until everything is done."""
        self._began = time.monotonic() + FIRST_SECONDS
        threads = [threading.Thread(target=self._work, args=(hand,)) for hand in self._hands]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, hand: Hand) -> None:
        while True:
            with self._lock:
                number = next(self._next)
            if number >= self._count:
                return
            due = self._began + number / self._rate
            time.sleep(max(due - time.monotonic(), 0))
            hand.act(due)


def make_hands(number: int, verbs: list[str], token: str, urls: list[str]) -> list[Hand]:
    """Workers with spools of their own, shared out over the web processes."""
    api = Api(urls[0], token)
    workers = [worker["id"] for worker in api.get("/api/workers?operacion=ARM")["workers"]]
    tags = [spool["tag_spool"] for spool in api.get("/api/spools?operacion=ARM&limit=200")["spools"]]
    each = min(SPOOLS_EACH, len(tags) // number)
    return [
        Hand(
            Api(urls[place % len(urls)], token),
            workers[place % len(workers)],
            tags[place * each : (place + 1) * each],
            verbs,
        )
        for place in range(number)
    ]


def main() -> None:
    """Print every action, and the processor time of this client."""
    verbs, rate, count, number, token, *urls = sys.argv[1:]
    hands = make_hands(int(number), verbs.split(","), token, urls)
    for hand in hands:
        hand.warm_up()
    cpu = time.process_time()
    Shift(hands, float(rate), int(count)).run()
    done = sorted((done for hand in hands for done in hand.done), key=lambda done: done.due)
    say(
        {
            "actions": [[one.verb, one.tag, one.due, one.answered, one.version] for one in done],
            "errors": [one.error for one in done if one.error],
            "client_cpu": time.process_time() - cpu,
        }
    )


if __name__ == "__main__":
    main()
