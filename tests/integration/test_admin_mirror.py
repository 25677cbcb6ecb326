"""The mirror at the office: conflicts decided, tabs allowed, parked rows tried again, and by whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from occupation.vocabulary import Operacion, TipoErrorHoja, TipoRetencion
from tests.books import NOW
from tests.office import OFFICE, hidden, logged_in, words

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

    from occupation.models import Conflicto, Mirror
    from tests.shop import Shop

pytestmark = [OFFICE, pytest.mark.usefixtures("clock")]

CONFLICTOS = "/admin/occupation/conflicto/"
RETENIDAS = "/admin/occupation/retencion/"
PERMITIR = f"{RETENIDAS}permitir/"
ESPEJO = "/admin/occupation/mirror/"


def conflict(tag: str, header: str = "Fecha_Armado", sheet: str = "01-03-2026") -> Conflicto:
    """A spool armed today whose cell the office changed too."""
    from occupation import services
    from occupation.models import Conflicto
    from tests.factories import SpoolFactory
    from tests.shop import TABLET

    spool = SpoolFactory(tag_hoja=tag)
    services.tomar(tag=tag, trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    services.completar(tag=tag, trabajador_id=93, actor=TABLET)
    return Conflicto.objects.create(
        spool=spool, encabezado=header, fila=3, valor_hoja=sheet, valor_app="03-03-2026", hoja_en=NOW, app_en=NOW
    )


def parked(tag: str, error: str = "la celda está protegida") -> Mirror:
    from occupation.models import Mirror
    from tests.factories import SpoolFactory

    spool = SpoolFactory(tag_hoja=tag)
    return Mirror.objects.create(spool=spool, behind_since=NOW - timedelta(minutes=5), error=error, error_en=NOW)


def held(tipo: TipoRetencion, motivo: str, encabezado: str = "", hoja: str = "Operaciones") -> int:
    from occupation.models import Retencion

    return Retencion.objects.create(hoja=hoja, tipo=tipo, motivo=motivo, encabezado=encabezado, desde=NOW).pk


def decide(client: Client, conflicto: Conflicto, lado: str) -> str:
    return words(client.post(f"{CONFLICTOS}{conflicto.pk}/tomar/{lado}/", follow=True))


@pytest.mark.usefixtures("shop")
def test_one_click_takes_the_sheets_value() -> None:
    from occupation.models import Evento, Spool

    conflicto = conflict("MK-1")
    client = logged_in("ana", "administradores")
    listed = client.get(CONFLICTOS)
    assert "MK-1 Fecha_Armado 3 01-03-2026" in words(listed)
    assert f'formaction="{CONFLICTOS}{conflicto.pk}/tomar/hoja/?version=' in listed.content.decode()
    assert f'formaction="{CONFLICTOS}{conflicto.pk}/tomar/app/?version=' in listed.content.decode()
    said = decide(client, conflicto, "hoja")
    assert "MK-1 Fecha_Armado: se tomó el de la hoja, «01-03-2026» (ana, 03-03-2026 11:00)" in said
    assert Spool.objects.get().fecha_armado == date(2026, 3, 1)
    told = Evento.objects.get(tipo="EDICION_HOJA")
    assert (told.actor_tipo, told.actor_nombre) == ("supervisor", "ana")


@pytest.mark.usefixtures("shop")
def test_one_click_leaves_the_apps_value() -> None:
    from occupation.models import Evento, Spool

    conflicto = conflict("MK-1")
    before = Evento.objects.count()
    said = decide(logged_in("ana", "administradores"), conflicto, "app")
    assert "MK-1 Fecha_Armado: se tomó el de la app, «03-03-2026» (ana, 03-03-2026 11:00)" in said
    assert (Spool.objects.get().fecha_armado, Evento.objects.count()) == (date(2026, 3, 3), before)


@pytest.mark.usefixtures("shop")
def test_what_was_decided_stays_decided_and_says_by_whom() -> None:
    conflicto = conflict("MK-1")
    decide(logged_in("ana", "administradores"), conflicto, "app")
    said = decide(logged_in("eva", "administradores"), conflicto, "hoja")
    assert "MK-1 Fecha_Armado: se tomó el de la app, «03-03-2026» (ana, 03-03-2026 11:00)" in said


@pytest.mark.usefixtures("shop")
def test_a_value_that_cannot_be_taken_says_why_and_the_conflict_stays_open() -> None:
    conflicto = conflict("MK-1", "Ocupado_Por", "JP(94)")
    said = decide(logged_in("ana", "administradores"), conflicto, "hoja")
    conflicto.refresh_from_db()
    assert "MK-1 Ocupado_Por: no se hizo. " in said
    assert conflicto.tomado == ""


@pytest.mark.usefixtures("shop")
def test_many_are_decided_at_once_and_one_that_is_refused_keeps_no_other_back() -> None:
    chosen = [conflict("MK-1"), conflict("MK-2", "Ocupado_Por", "JP(94)"), conflict("MK-3")]
    client = logged_in("ana", "administradores")
    fields = {"action": "tomar_hoja", "_selected_action": [one.pk for one in chosen]}
    said = words(client.post(CONFLICTOS, fields, follow=True))
    for one in chosen:
        one.refresh_from_db()
    assert [one.tomado for one in chosen] == ["hoja", "", "hoja"]
    assert [f"MK-{n} Fecha_Armado: se tomó el de la hoja" in said for n in (1, 3)] == [True, True]
    assert "MK-2 Ocupado_Por: no se hizo. " in said


@pytest.mark.usefixtures("shop")
def test_who_may_only_look_sees_no_button_and_decides_nothing() -> None:
    from occupation.models import Retencion

    conflicto, row = conflict("MK-1"), parked("MK-2")
    waits = held(TipoRetencion.EDICIONES, "9 celdas")
    for client in (logged_in("marta", "supervisores"), logged_in("nadie")):
        assert client.post(f"{CONFLICTOS}{conflicto.pk}/tomar/hoja/").status_code == 403
        assert client.post(PERMITIR, {"retencion": waits}).status_code == 403
        assert client.get(PERMITIR, {"retencion": waits}).status_code == 403
        client.post(CONFLICTOS, {"action": "tomar_hoja", "_selected_action": [conflicto.pk]})
        client.post(ESPEJO, {"action": "volver_a_intentar", "_selected_action": [row.pk]})
        client.post(RETENIDAS, {"action": "permitir_elegidas", "_selected_action": [waits]})
    marta = logged_in("rosa", "supervisores")
    pages = [marta.get(CONFLICTOS), marta.get(f"{CONFLICTOS}{conflicto.pk}/change/")]
    assert ["espera a un administrador" in words(page) for page in pages] == [True, True]
    assert ["formaction" in page.content.decode() for page in pages] == [False, False]
    assert "PERMITIR" not in words(marta.get(f"{RETENIDAS}{waits}/change/"))
    conflicto.refresh_from_db()
    row.refresh_from_db()
    assert (conflicto.tomado, row.error) == ("", "la celda está protegida")
    assert not Retencion.objects.get().permitida


@pytest.mark.usefixtures("shop")
def test_a_decision_needs_a_row_a_side_and_a_post() -> None:
    conflicto = conflict("MK-1")
    client = logged_in("ana", "administradores")
    answers = [
        client.post(f"{CONFLICTOS}{conflicto.pk}/tomar/otro/"),
        client.post(f"{CONFLICTOS}{conflicto.pk + 9}/tomar/app/"),
        client.post(f"{CONFLICTOS}{'9' * 30}/tomar/app/"),
        client.get(f"{CONFLICTOS}{conflicto.pk}/tomar/app/"),
    ]
    conflicto.refresh_from_db()
    assert ([answer.status_code for answer in answers], conflicto.tomado) == ([404, 404, 404, 405], "")


@pytest.mark.usefixtures("shop")
def test_a_held_tab_shows_the_exact_header_and_is_mended_in_the_sheet() -> None:
    from occupation.models import Retencion

    pk = held(TipoRetencion.ENCABEZADO, "Falta el encabezado Estado_Detalle.", "Estado_Detalle")
    client = logged_in("ana", "administradores")
    said = words(client.get(RETENIDAS))
    assert "Estado_Detalle Falta el encabezado Estado_Detalle." in said
    assert "Repárelo en la hoja: después sigue sola." in said
    assert "Elija una hoja que espere un permiso" in words(client.get(PERMITIR, {"retencion": pk}, follow=True))
    refused = words(client.post(PERMITIR, {"retencion": pk}, follow=True))
    assert "Operaciones: esto no se permite, se repara en la hoja; después sigue sola." in refused
    assert not Retencion.objects.get().permitida


@pytest.mark.parametrize(
    ("tipo", "consequence"),
    [
        (TipoRetencion.EDICIONES, "La app tomará esas ediciones como hechas"),
        (TipoRetencion.ENCOGIDA, "Los spools que ya no están en la hoja saldrán del taller"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_allowing_says_what_will_happen_before_and_after(tipo: TipoRetencion, consequence: str) -> None:
    from occupation.models import Retencion

    pk = held(tipo, "9 celdas de una vez")
    client = logged_in("ana", "administradores")
    asked = client.post(RETENIDAS, {"action": "permitir_elegidas", "_selected_action": [pk]})
    assert "9 celdas de una vez" in words(asked)
    assert consequence in words(asked)
    assert not Retencion.objects.get().permitida
    done = words(client.post(PERMITIR, {"retencion": hidden(asked, "retencion")}, follow=True))
    assert "Operaciones: permitido. Se hace en la próxima lectura de la hoja." in done
    assert Retencion.objects.get().permitida
    assert "Permitido: se hace en la próxima lectura." in done


def test_an_allowed_shrink_of_the_audit_is_accepted_by_the_next_cycle(tmp_path: Path, shop: Shop) -> None:
    from occupation import services
    from occupation.models import Retencion
    from occupation.sheets.layout import Tab
    from tests.books import fila
    from tests.mirror_office import Office
    from tests.shop import TABLET

    del shop
    office = Office(tmp_path / "libro", [fila(f"MK-{n}") for n in range(8)])
    office.sync()
    for n in range(8):
        services.tomar(tag=f"MK-{n}", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    office.save(office.rows(Tab.METADATA)[:1], Tab.METADATA)
    office.sync()
    waits = Retencion.objects.get()
    assert (waits.hoja, waits.tipo) == ("Metadata", "encogida")
    client = logged_in("ana", "administradores")
    client.post(PERMITIR, {"retencion": waits.pk})
    office.sync()
    assert list(Retencion.objects.all()) == []


@pytest.mark.usefixtures("shop")
def test_a_parked_row_is_tried_again_and_one_that_is_not_says_so() -> None:
    row, fine = parked("MK-1"), parked("MK-2", error="")
    client = logged_in("ana", "administradores")
    assert "MK-1 estacionada: la hoja no la deja escribir 03-03-2026 10:55 la celda está protegida" in words(
        client.get(ESPEJO, {"atraso": "estacionada"})
    )

    def again(*chosen: Mirror) -> str:
        fields = {"action": "volver_a_intentar", "_selected_action": [one.pk for one in chosen]}
        return words(client.post(ESPEJO, fields, follow=True))

    assert "1 fila: se intentará de nuevo en el próximo ciclo de la hoja." in again(row, fine)
    row.refresh_from_db()
    assert (row.error, row.error_en, row.behind_since) == ("", None, NOW - timedelta(minutes=5))
    assert "Ninguna de las elegidas está estacionada" in again(row, fine)


@pytest.mark.usefixtures("shop")
def test_a_spool_whose_row_left_the_sheet_is_found_and_says_what_it_waits_for() -> None:
    from occupation import services
    from occupation.models import Mirror
    from tests.shop import TABLET

    row, other = parked("MK-1"), parked("MK-2", error="")
    Mirror.objects.filter(pk=row.pk).update(gone_since=NOW)
    client = logged_in("ana", "administradores")
    listed = client.get(ESPEJO, {"atraso": "sin_fila"})
    assert list(listed.context["cl"].result_list) == [row]
    waits_for = "MK-1 su fila salió de la hoja: saldrá del taller cuando"
    assert f"{waits_for} se lean todos los tags de la hoja 03-03-2026 11:00" in words(listed)
    for waits in ("si", "tarde", "estacionada", "no"):
        assert row not in client.get(ESPEJO, {"atraso": waits}).context["cl"].result_list
    assert list(client.get(ESPEJO, {"atraso": "tarde"}).context["cl"].result_list) == [other]
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    assert f"{waits_for} lo suelten 03-03-2026 11:00" in words(client.get(ESPEJO, {"atraso": "sin_fila"}))


@pytest.mark.usefixtures("shop")
def test_home_counts_what_the_mirror_waits_for() -> None:
    from occupation.models import EdicionDevuelta
    from occupation.services.mirroring import remember

    conflicto = conflict("MK-1")
    decide(logged_in("eva", "administradores"), conflict("MK-9"), "app")
    parked("MK-2")
    held(TipoRetencion.ENCABEZADO, "Falta el encabezado version.", "version")
    EdicionDevuelta.objects.create(
        spool=conflicto.spool, encabezado="version", fila=3, valor_hoja="x", motivo="no se edita", visto_en=NOW
    )
    remember(error="Google no deja entrar al libro.", error_tipo=TipoErrorHoja.PERMISO, error_desde=NOW)
    client = logged_in("marta", "supervisores")
    page = client.get("/admin/")
    counted = {str(row["asunto"].tema): row["asunto"].cuenta for row in page.context["asuntos"]}
    mirror = {name: counted.get(name) for name in ("libro", "retenidas", "conflictos", "estacionadas")}
    assert mirror == {"libro": 1, "retenidas": 1, "conflictos": 1, "estacionadas": 1}
    for row in page.context["asuntos"]:
        listed = client.get(row["enlace"]).context["cl"].result_list
        if row["asunto"].tema in mirror:
            assert (row["titulo"], len(listed)) == (row["titulo"], row["asunto"].cuenta)
    assert "Falta el encabezado version." in words(page)
    assert "Google no deja entrar al libro." in words(page)
    assert "version 3 x - no se edita" in words(client.get("/admin/occupation/ediciondevuelta/"))
