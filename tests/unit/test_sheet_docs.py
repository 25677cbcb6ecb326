"""What docs/hoja.md and docs/runbook.md say of the sheet is what the code does: each column, each hold, each reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from occupation.sheets import hydrate, identity, merge
from occupation.sheets.cells import BOOLEAN, DATE, DATETIME, NUMBER, TAG, TEXT, WHOLE, WORKER, TextCodec, WholeCodec
from occupation.sheets.codec import Codec
from occupation.sheets.layout import COLUMNS
from occupation.templatetags.attention import _PISTAS
from occupation.vocabulary import TipoErrorHoja, TipoRetencion

DOCS = Path(__file__).resolve().parents[2] / "docs"
HOJA, RUNBOOK = (DOCS / "hoja.md").read_text(encoding="utf-8"), (DOCS / "runbook.md").read_text(encoding="utf-8")

KINDS: Mapping[type[Codec[Any]], str] = {
    type(BOOLEAN): "yes or no",
    type(DATE): "date",
    type(DATETIME): "date and time",
    type(NUMBER): "number",
    type(TAG): "tag",
    type(WORKER): "worker",
    WholeCodec: "whole number",
    TextCodec: "text",
}


def table(text: str, first: str) -> list[list[str]]:
    """The rows of the Markdown table whose first heading is that."""
    found = re.search(rf"^\| {re.escape(first)} \|.*?(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, first
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()[2:]]


def reasons(module: object) -> set[str]:
    """The sentences that a module has for a person."""
    return {text for name, text in vars(module).items() if name.isupper() and isinstance(text, str)}


def test_the_table_of_columns_is_the_layouts() -> None:
    listed = [tuple(row[:5]) for row in table(HOJA, "tab")]
    assert listed == [
        (str(tab), known.header, str(known.owner), "yes" if known.required else "no", KINDS[type(known.codec)])
        for tab, columns in COLUMNS.items()
        for known in columns
    ]


@pytest.mark.parametrize("kinds", [TipoRetencion, TipoErrorHoja])
def test_each_hold_and_each_error_has_its_line_in_the_runbook(
    kinds: type[TipoRetencion | TipoErrorHoja],
) -> None:
    first = {TipoRetencion: "kind", TipoErrorHoja: "what *Estado de la hoja* says"}[kinds]
    assert {row[0] for row in table(RUNBOOK, first)} == set(kinds.labels)


def test_each_figure_of_the_admins_home_has_its_line_and_leads_to_a_heading() -> None:
    listed = table(RUNBOOK, "figure")
    assert [row[0] for row in listed] == [pista.titulo for pista in _PISTAS.values()]
    anchors = {
        re.sub(r"[^a-z ]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", RUNBOOK, re.MULTILINE)
    }
    assert {re.findall(r"\(#(.*?)\)", row[2])[0] for row in listed} <= anchors


def test_each_reason_for_putting_an_edit_back_says_what_to_do() -> None:
    assert {row[0] for row in table(HOJA, "why it was put back")} == reasons(merge)


def test_each_reason_for_a_doubt_says_what_to_do() -> None:
    codecs = {codec.expected for codec in (DATE, DATETIME, NUMBER, WHOLE, BOOLEAN, WORKER)}
    texts = {re.sub(r"[0-9]+ caracteres", "… caracteres", TEXT.expected), f"{hydrate._UNKNOWN}…"}
    told = reasons(hydrate) | {identity.UNPRINTABLE} | codecs | texts
    assert {row[0] for row in table(RUNBOOK, "why a cell is doubtful")} == told - {hydrate._UNKNOWN}
