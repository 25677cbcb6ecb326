"""A supervisor releases a spool at the very moment its worker completes it: one of them does it, the other hears."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from tests.office import OFFICE, hidden, logged_in, words
from tests.ports import patient
from tests.tablet import Tablet, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test.client import _MonkeyPatchedWSGIResponse as Page

pytestmark = OFFICE


def both_at_once(hands: ThreadPoolExecutor, *taps: Callable[[], Page]) -> list[Page]:
    """What each of the taps is answered, having been made together."""
    barrier = threading.Barrier(len(taps))

    def one(tap: Callable[[], Page]) -> Page:
        barrier.wait(timeout=patient(30))
        try:
            return tap()
        finally:
            connection.close()

    return list(hands.map(one, taps))


@pytest.mark.usefixtures("valkey")
def test_of_a_release_and_a_completion_at_the_same_moment_one_counts_and_the_other_is_told(
    *, long_profile: bool
) -> None:
    from occupation.models import Evento
    from tests.factories import SpoolFactory, TrabajadorFactory
    from tests.shop import row_of

    marta = logged_in("marta", "supervisores", staff=False)
    miguel = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    tablet, outcomes = Tablet().step_up(miguel), set()
    with ThreadPoolExecutor(2) as hands:
        for number in range(200 if long_profile else 20):
            spool = SpoolFactory(tag_hoja=f"MK-{number}", ocupado_por=miguel)
            asked = marta.get("/supervision/liberar/", {"tag": spool.tag})
            form = {name: hidden(asked, name)[0] for name in ("tag", "version", "clave")} | {"motivo": "se fue"}
            released, completed = both_at_once(
                hands,
                lambda form=form: marta.post("/supervision/liberar/", form),  # type: ignore[misc]  # this round's
                lambda spool=spool: tablet.tap("/trabajo/completar/", tag=spool.tag, operacion="ARM"),  # type: ignore[misc]  # this round's
            )
            told = list(
                Evento.objects.filter(spool=spool, accion__in=["LIBERAR", "COMPLETAR"]).values_list("accion", flat=True)
            )
            row = row_of(spool)
            state = [*told, row["ocupado_por_id"], row["arm_state"]]
            outcomes.add((released.status_code, completed.status_code))
            if completed.status_code == 302:
                assert state == ["COMPLETAR", None, "completado"]
                assert f"Nadie tiene el spool MK-{number}: MR(93) lo completó" in said(released)
            else:
                assert state == ["LIBERAR", None, "en_progreso"]
                assert f"Nadie tiene el spool MK-{number}: marta lo liberó" in said(completed), words(completed)
                assert "(se fue)" in said(completed)
    assert outcomes <= {(302, 410), (410, 302)}
