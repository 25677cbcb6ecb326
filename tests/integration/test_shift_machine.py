"""A shift as nobody would plan it: random verbs, releases, retries and losses of Redis, against a simple model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import hypothesis
import time_machine
from django.conf import settings
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from occupation import services
from occupation.gateways import connection
from occupation.history import events_of, sessions_of
from occupation.models import ClaveIdempotencia, Evento, Mirror, Spool, Trabajador, TrabajadorRol
from occupation.refusals import Refused
from occupation.services import Respuesta
from occupation.vocabulary import Operacion, Resultado
from tests.factories import MATERIALES, SpoolFactory, TrabajadorFactory
from tests.shop import COMMITS, SUPERVISOR, TABLET, Shop, empty_shop, refusal
from tests.shop_model import Model, No, Piece, Worker

pytestmark = COMMITS

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
FOREIGN = "94:00000000-0000-4000-8000-000000000000"
NOBODY, NOTHING = 7, "MK-NADA"
ROLES = {93: {"Armador", "Soldador"}, 94: {"Ayudante", "Armador"}, 95: {"Metrologia", "Soldador"}, 96: {"Armador"}}
TAGS = ["MK-1", "MK-2", "MK-3"]
# A worker may hold several of few spools, so most verbs meet somebody else's work.
WORKERS = st.sampled_from([*ROLES, 93, 94, 95, NOBODY])
ANY_TAG = st.sampled_from([*TAGS * 4, NOTHING])
OPERATIONS = st.sampled_from(["ARM", "ARM", "SOLD", "SOLD", "REPARACION", "REPARACION", "METROLOGIA"])
VERBS = st.sampled_from(["PAUSAR", "COMPLETAR", "CANCELAR"])
VERDICTS = st.sampled_from(["APROBADO", "RECHAZADO", "RECHAZADO", "RECHAZADO"])
SEEN = st.sampled_from(["unsent", "unsent", "current", "older"])
KEYED = st.booleans()
DAYS = st.sampled_from([None, date(2026, 3, 2), date(2025, 12, 31)])
ENDS: dict[str, Callable[..., Respuesta]] = {
    "PAUSAR": services.pausar,
    "COMPLETAR": services.completar,
    "CANCELAR": services.cancelar,
}
BATCHES: dict[str, Callable[..., list[services.Desenlace]]] = {
    "TOMAR": services.tomar_varios,
    "PAUSAR": services.pausar_varios,
    "COMPLETAR": services.completar_varios,
}
OFTEN = {
    "work": 7,
    "end_work": 5,
    "judge_finished_work": 2,
    "take": 3,
    "end": 3,
    "inspect": 1,
    "release": 1,
    "unblock": 1,
    "correct": 1,
    "reopen": 1,
    "batch": 2,
    "repeat": 2,
    "reuse": 1,
    "come_or_go": 1,
    "learn_or_forget": 1,
    "materials_come_or_go": 1,
    "the_rule_for_sold_changes": 1,
    "redis_loses_something": 2,
    "redis_dies_or_comes_back": 1,
    "heal": 1,
}
"""How often each thing happens, relative to the others."""

Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass
class Asked:
    """A request that was carried out under a key, to be repeated; `again` asks for it under any key."""

    key: str
    again: Callable[[str], Any]
    answer: Any


class Shift(RuleBasedStateMachine):
    """Every rule asks the shop and the model the same thing and compares what they answer."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self.shop = shop
        self.asked: list[Asked] = []
        self.redis_up = True

    @initialize()
    def open_the_shop(self) -> None:
        empty_shop()
        self.shop.valkey.make_fresh()
        _ask_redis_again()
        settings.SOLD_REQUIERE_ARM = "iniciado"
        people = [TrabajadorFactory(id=number, roles=sorted(roles)) for number, roles in ROLES.items()]
        workers = {each.id: Worker(each.id, set(ROLES[each.id]), shown=each.worker_nombre) for each in people}
        self.model = Model(workers, _pieces())

    def teardown(self) -> None:
        settings.SOLD_REQUIERE_ARM = "iniciado"
        if hasattr(self, "model"):
            self._claims_agree()

    def _both(self, ask: Callable[[str | None], Any], expect: Callable[[], Piece], *, keyed: bool) -> None:
        """The shop and the model refuse for the same reason, or both do it."""
        key = str(uuid4()) if keyed else None
        try:
            answer = ask(key)
        except Refused as refused:
            heard = refused.codigo
            answer = None
        else:
            heard = "done"
        note(heard)
        expected, piece = _predicted(expect)
        assert heard == expected
        if piece:
            piece.version = answer.version
        if piece and key is not None:
            self.asked.append(Asked(key, ask, answer))

    def _version(self, seen: str, tag: str) -> str | None:
        if seen == "unsent" or tag == NOTHING:
            return None
        return self.model.pieces[tag].version if seen == "current" else str(UUID(int=1))

    @rule(data=st.data(), what=st.sampled_from([name for name, often in OFTEN.items() for _ in range(often)]))
    def something_happens(self, data: st.DataObject, what: str) -> None:
        """One rule for all: of many, Hypothesis leaves half out of each shift, and then little work gets done."""
        getattr(self, what)(data.draw)

    def work(self, draw: Draw) -> None:
        """A take that succeeds, if there is one: most random ones meet a refusal."""
        takeable = self.model.takeable()
        if takeable:
            tag, worker, operation = draw(st.sampled_from(takeable))
            self._take(tag, worker, operation, "current", keyed=draw(KEYED))

    def end_work(self, draw: Draw) -> None:
        """What a holder does."""
        held = [piece for piece in self.model.pieces.values() if piece.holder]
        if held:
            piece = draw(st.sampled_from(held))
            assert piece.holder
            seen = draw(st.sampled_from(["unsent", "current"]))
            self._end(draw(VERBS), piece.tag, piece.holder, None, draw(DAYS), seen, keyed=draw(KEYED))

    def judge_finished_work(self, draw: Draw) -> None:
        """Finish what is free of one spool and inspect it, so that repairs and blocks are met often."""
        piece = self.model.pieces[draw(st.sampled_from(TAGS))]
        for operation in ("ARM", "SOLD"):
            if piece.holder is None and piece.states[operation] != "completado":
                self._take(piece.tag, 93, operation, "unsent", keyed=False)
                self._end("COMPLETAR", piece.tag, 93, None, None, "unsent", keyed=False)
        self._inspect(piece.tag, 95, draw(VERDICTS), keyed=draw(KEYED))

    def take(self, draw: Draw) -> None:
        self._take(draw(ANY_TAG), draw(WORKERS), draw(OPERATIONS), draw(SEEN), keyed=draw(KEYED))

    def _take(self, tag: str, worker: int, operation: str, seen: str, *, keyed: bool) -> None:
        version = self._version(seen, tag)
        order: dict[str, Any] = {"tag": tag.lower(), "trabajador_id": worker, "operacion": Operacion(operation)}
        order |= {"actor": TABLET, "version": UUID(version) if version else None}
        self._both(
            lambda key: services.tomar(clave=key, **order),
            lambda: self.model.take(tag, worker, operation, version),
            keyed=keyed,
        )

    def end(self, draw: Draw) -> None:
        named = draw(st.one_of(st.none(), OPERATIONS))
        self._end(draw(VERBS), draw(ANY_TAG), draw(WORKERS), named, draw(DAYS), draw(SEEN), keyed=draw(KEYED))

    def _end(
        self, verb: str, tag: str, worker: int, operation: str | None, day: date | None, seen: str, *, keyed: bool
    ) -> None:
        version = self._version(seen, tag)
        order: dict[str, Any] = {"tag": tag, "trabajador_id": worker, "actor": TABLET}
        order |= {
            "operacion": Operacion(operation) if operation else None,
            "version": UUID(version) if version else None,
        }
        if verb == "COMPLETAR":
            order["fecha"] = day
        self._both(
            lambda key: ENDS[verb](clave=key, **order),
            lambda: self.model.end(verb, tag, worker, operation, version, day),
            keyed=keyed,
        )

    def inspect(self, draw: Draw) -> None:
        self._inspect(draw(ANY_TAG), draw(WORKERS), draw(VERDICTS), keyed=draw(KEYED))

    def _inspect(self, tag: str, worker: int, verdict: str, *, keyed: bool) -> None:
        order: dict[str, Any] = {"tag": tag, "trabajador_id": worker, "resultado": Resultado(verdict), "actor": TABLET}
        self._both(
            lambda key: services.inspeccionar(clave=key, **order),
            lambda: self.model.inspect(tag, worker, verdict),
            keyed=keyed,
        )

    def release(self, draw: Draw) -> None:
        tag = draw(ANY_TAG)
        order: dict[str, Any] = {"tag": tag, "motivo": "fin de turno", "actor": SUPERVISOR}
        self._both(
            lambda key: services.liberar(clave=key, **order),
            lambda: self.model.release(tag, "fin de turno"),
            keyed=draw(KEYED),
        )

    def unblock(self, draw: Draw) -> None:
        blocked = [tag for tag, piece in self.model.pieces.items() if piece.states["CALIDAD"] == "bloqueado"]
        tag = draw(st.sampled_from(blocked) if blocked else ANY_TAG)
        order: dict[str, Any] = {"tag": tag, "motivo": "revisado", "actor": SUPERVISOR}
        self._both(
            lambda key: services.desbloquear(clave=key, **order),
            lambda: self.model.unblock(tag, "revisado"),
            keyed=draw(KEYED),
        )

    def correct(self, draw: Draw) -> None:
        tag, operation, day = draw(ANY_TAG), draw(OPERATIONS), draw(DAYS)
        worker = draw(st.one_of(st.none(), WORKERS))
        order: dict[str, Any] = {"tag": tag, "operacion": Operacion(operation), "trabajador_id": worker, "fecha": day}
        self._both(
            lambda key: services.corregir(clave=key, motivo="se anotó mal", actor=SUPERVISOR, **order),
            lambda: self.model.correct(tag, operation, worker, day, "se anotó mal"),
            keyed=draw(KEYED),
        )

    def reopen(self, draw: Draw) -> None:
        tag, operation = draw(ANY_TAG), draw(OPERATIONS)
        order: dict[str, Any] = {"tag": tag, "operacion": Operacion(operation), "actor": SUPERVISOR}
        self._both(
            lambda key: services.reabrir(clave=key, motivo="quedó un poro", **order),
            lambda: self.model.reopen(tag, operation, "quedó un poro"),
            keyed=draw(KEYED),
        )

    def batch(self, draw: Draw) -> None:
        tags = draw(st.lists(st.sampled_from([*TAGS, NOTHING]), min_size=1, unique=True))
        worker, verb = draw(WORKERS), draw(st.sampled_from(sorted(BATCHES)))
        operation = draw(st.sampled_from(["ARM", "SOLD", "REPARACION"]))
        key = str(uuid4()) if draw(KEYED) else None
        order: dict[str, Any] = {"tags": tags, "trabajador_id": worker, "operacion": Operacion(operation)}
        outcomes = BATCHES[verb](clave=key, actor=TABLET, **order)
        assert [outcome.tag for outcome in outcomes] == tags
        for tag, outcome in zip(tags, outcomes, strict=True):
            heard = outcome.refused.codigo if outcome.refused else "done"
            assert (tag, heard) == (tag, self._one_of_batch(verb, tag, worker, operation)[0])
            if outcome.respuesta:
                self.model.pieces[tag].version = outcome.respuesta.version
        if key and all(outcome.respuesta for outcome in outcomes):
            self.asked.append(Asked(key, lambda again: BATCHES[verb](clave=again, actor=TABLET, **order), outcomes))

    def _one_of_batch(self, verb: str, tag: str, worker: int, operation: str) -> tuple[str, Piece | None]:
        if verb == "TOMAR":
            return _predicted(lambda: self.model.take(tag, worker, operation, None))
        return _predicted(lambda: self.model.end(verb, tag, worker, operation, None, None))

    def repeat(self, draw: Draw) -> None:
        """The same request under the same key: the same answer, and nothing happens."""
        if self.asked:
            asked = draw(st.sampled_from(self.asked))
            assert asked.again(asked.key) == asked.answer

    def reuse(self, draw: Draw) -> None:
        """Another request under a used key: refused, and nothing happens."""
        if not self.asked:
            return
        key, tag = draw(st.sampled_from(self.asked)).key, draw(st.sampled_from(TAGS))
        used = ClaveIdempotencia.objects.filter(clave=key, ambito=SUPERVISOR.ambito).exists()
        order: dict[str, Any] = {"tag": tag, "trabajador_id": 96, "operacion": Operacion.ARM, "version": uuid4()}
        heard = refusal(lambda: services.tomar(actor=SUPERVISOR if used else TABLET, clave=key, **order))
        assert heard == ("CLAVE_REUTILIZADA", {})

    def come_or_go(self, draw: Draw) -> None:
        """At most one worker is away at a time."""
        away = [person for person in self.model.workers.values() if not person.active]
        person = away[0] if away else self.model.workers[draw(st.sampled_from([*ROLES]))]
        person.active = not person.active
        Trabajador.objects.filter(id=person.id).update(activo=person.active)

    def learn_or_forget(self, draw: Draw) -> None:
        """At most one worker is without roles at a time."""
        without = [person for person in self.model.workers.values() if not person.roles]
        person = without[0] if without else self.model.workers[draw(st.sampled_from([*ROLES]))]
        person.roles = set() if person.roles else set(ROLES[person.id])
        TrabajadorRol.objects.filter(trabajador_id=person.id).delete()
        TrabajadorRol.objects.bulk_create(TrabajadorRol(trabajador_id=person.id, rol=rol) for rol in person.roles)

    def materials_come_or_go(self, draw: Draw) -> None:
        """At most one spool lacks its materials at a time."""
        lacking = [piece for piece in self.model.pieces.values() if not piece.materials]
        piece = lacking[0] if lacking else self.model.pieces[draw(st.sampled_from(TAGS))]
        piece.materials = not piece.materials
        Spool.objects.filter(tag=piece.tag).update(fecha_materiales=MATERIALES if piece.materials else None)

    def the_rule_for_sold_changes(self, _: Draw) -> None:
        self.model.strict = not self.model.strict
        settings.SOLD_REQUIERE_ARM = "completado" if self.model.strict else "iniciado"

    def redis_loses_something(self, draw: Draw) -> None:
        loss = draw(st.sampled_from(["everything", "one key", "young", "old", "for ever", "list"]))
        client, key = self.shop.client, f"spool_lock:{draw(st.sampled_from(TAGS))}"
        if not self.redis_up:
            return
        if loss == "everything":
            client.flushall()
            return
        client.delete(key)
        if loss == "list":
            client.rpush(key, "not a claim")
        elif loss != "one key":
            client.set(key, FOREIGN, ex={"young": 3600, "old": 3000}.get(loss))

    def redis_dies_or_comes_back(self, _: Draw) -> None:
        if self.redis_up:
            self.shop.valkey.kill()
        else:
            self.shop.valkey.start()
            _ask_redis_again()
        self.redis_up = not self.redis_up

    def heal(self, _: Draw) -> None:
        assert (services.heal_claims() is not None) == self.redis_up

    def _claims_agree(self) -> None:
        """Once Redis is back and every stray claim has aged, healing makes the claims equal to the rows."""
        if not self.redis_up:
            self.shop.valkey.start()
        _ask_redis_again()
        for key in self.shop.client.keys("spool_lock:*"):
            self.shop.client.expire(key, 3000)
        assert services.heal_claims() is not None
        rows = Spool.objects.ocupados()
        expected = {f"spool_lock:{row.tag}": f"{row.ocupado_por_id}:{row.ocupacion_token}" for row in rows}
        assert self.shop.claims() == expected

    @invariant()
    def rows_equal_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        rows = {row.tag: row for row in Spool.objects.all()}
        assert {tag: _seen(row) for tag, row in rows.items()} == {
            tag: _expected(piece) for tag, piece in self.model.pieces.items()
        }
        marks = set(Mirror.objects.filter(behind_since__isnull=False).values_list("spool__tag", flat=True))
        assert marks == {tag for tag, piece in self.model.pieces.items() if piece.behind}

    @invariant()
    def journal_and_history_equal_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        for spool in Spool.objects.all():
            piece = self.model.pieces[spool.tag]
            events = events_of(spool)
            assert [(row.tipo, row.trabajador_id, row.detalle) for row in events] == piece.journal
            sessions = [[s.trabajador and s.trabajador.id, s.operacion, s.cierre] for s in sessions_of(events, NOW)]
            assert sessions == piece.sessions
            assert [session[2] for session in sessions].count(None) == (1 if spool.ocupado else 0)
            if events:
                assert events[-1].estado["version"] == str(spool.version)
                assert events[-1].estado["estado_detalle"] == spool.estado_detalle
        assert Evento.objects.count() == sum(len(piece.journal) for piece in self.model.pieces.values())


def _ask_redis_again() -> None:
    connection._closed_until["monotonic"] = 0.0


def _pieces() -> dict[str, Piece]:
    """One spool not begun, one whose fit-up is done, one that waits for an inspection after two rejections."""
    rows = [
        SpoolFactory(tag_hoja="MK-1"),
        SpoolFactory(tag_hoja="MK-2", arm_state="completado"),
        SpoolFactory(tag_hoja="MK-3", arm_state="completado", sold_state="completado", ciclo=2),
    ]
    pieces = {row.tag: Piece(row.tag, version=str(row.version), cycle=row.ciclo) for row in rows}
    for row in rows:
        pieces[row.tag].states |= {"ARM": row.arm_state, "SOLD": row.sold_state}
        pieces[row.tag].days |= {"ARM": row.fecha_armado, "SOLD": row.fecha_soldadura}
    return pieces


def _predicted(expect: Callable[[], Piece]) -> tuple[str, Piece | None]:
    """What the model says: `done` and the spool, or the code of its refusal."""
    try:
        return "done", expect()
    except No as no:
        return str(no), None


def _seen(row: Spool) -> tuple[Any, ...]:
    previo = row.previo and (row.previo["estado"], row.previo["responsable"])
    whole = {row.ocupado_desde is None, row.ocupacion_token is None, row.ocupado_por_id is None}
    return (
        {"ARM": row.arm_state, "SOLD": row.sold_state, "CALIDAD": row.calidad_state},
        row.ciclo,
        {"ARM": row.fecha_armado, "SOLD": row.fecha_soldadura, "QC": row.fecha_qc},
        {"ARM": row.armador_id, "SOLD": row.soldador_id},
        (row.ocupado_por_id, row.ocupado_operacion, previo),
        str(row.version),
        len(whole),
    )


def _expected(piece: Piece) -> tuple[Any, ...]:
    held = (piece.holder, piece.operation, piece.found)
    return (piece.states, piece.cycle, piece.days, piece.responsible, held, piece.version, 1)


def _profile() -> hypothesis.settings:
    """Fewer and longer shifts than the profile's: a spool's whole life takes some thirty steps."""
    profile = hypothesis.settings.default
    assert profile
    return hypothesis.settings(
        profile, max_examples=profile.max_examples // 2, stateful_step_count=profile.stateful_step_count * 2
    )


def test_any_shift_leaves_the_shop_as_the_model_says(shop: Shop) -> None:
    shop.listener.close()
    with time_machine.travel(NOW, tick=False):
        machine: Any = lambda: Shift(shop)  # noqa: E731 - Hypothesis wants something to call without arguments
        run_state_machine_as_test(machine, settings=_profile())
