"""How the bench judges and shows what it measured."""

import json
from pathlib import Path

from bench.figures import Figure, Limits, table, write


def figure(samples: list[float], limits: Limits, **extras: float) -> Figure:
    return Figure("B1", "TOMAR", "SQLite", "ms", samples, limits, extras)


def test_a_tail_is_the_smallest_sample_that_the_share_does_not_exceed() -> None:
    found = figure([float(number) for number in range(100, 0, -1)], Limits())
    assert [found.tail(share) for share in (0.5, 0.95, 0.99, 1.0)] == [50.0, 95.0, 99.0, 100.0]
    assert figure([7.0], Limits()).tail(0.5) == 7.0


def test_the_verdict_names_every_limit_that_is_missed() -> None:
    limits = Limits(p50=10, p99=40, most={"errors": 0}, least={"op/s": 60})
    assert figure([9.0, 40.0], limits, errors=0, **{"op/s": 60}).verdict == "ok"
    assert figure([11.0, 41.0], limits, errors=1, **{"op/s": 59}).verdict == "MISSED: p50, p99, errors, op/s"
    assert figure([], Limits(p50=10)).verdict == "MISSED: p50"
    assert figure([1.0], Limits()).verdict == "–"


def test_the_table_and_the_json_say_the_same(tmp_path: Path) -> None:
    found = [figure([9.0, 1234.5], Limits(p50=10), errors=0)]
    write(tmp_path, {"processor": "2 cores"}, found)
    written = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    row = "| B1 | TOMAR | SQLite | ms | 2 | 9 | 1,234 | 1,234 | 1,234 | 0 errors | p50 ≤ 10 | ok |"
    assert table(found).splitlines()[-1] == row
    assert (tmp_path / "results.md").read_text(encoding="utf-8").splitlines()[-1] == row
    assert [(each["p50"], each["max"], each["verdict"]) for each in written["figures"]] == [(9.0, 1234.5, "ok")]
