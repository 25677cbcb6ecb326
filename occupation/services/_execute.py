"""How every verb runs: early judgement, claim, one transaction, and Redis told afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from django.db import connection

from occupation.gateways import claims
from occupation.models import Spool, Trabajador
from occupation.queries import find_spool
from occupation.refusals import Ocupado, Refused, WorkerNoEncontrado
from occupation.rules import judge_activo, judge_version
from occupation.services import _claves
from occupation.services._orden import Desenlace, Hecho, Orden, Respuesta
from occupation.services._record import record
from occupation.services._transaction import verb_transaction
from occupation.services.claims import heal_claim
from occupation.vocabulary import Accion


@dataclass(frozen=True, slots=True)
class Caso:
    """One verb about to happen: what was asked, on which spool, by whom, and the occupation's token if it starts."""

    orden: Orden
    spool: Spool
    trabajador: Trabajador | None
    token: uuid.UUID


@dataclass(frozen=True, slots=True)
class Verbo:
    """What distinguishes a verb: its questions, its effect and its sentence."""

    judge: Callable[[Caso], None]
    apply: Callable[[Caso], Hecho]
    message: Callable[[Spool, Hecho], str]
    exige_activo: bool = False
    ocupa: bool = False


def execute(verbo: Verbo, orden: Orden) -> Respuesta:
    """Carry out `orden`, once. Raises a refusal that leaves nothing behind, or answers what was done."""
    _claves.check(orden)
    token = uuid.uuid4()
    try:
        caso = _early(verbo, orden, token)
    except Refused:
        # If this was asked and done before, its own effect is what refuses it now.
        stored = _claves.stored_answer(orden)
        if stored is not None:
            return stored
        raise
    return _with_claim(verbo, caso)


def one_by_one(verbs: Iterable[tuple[str, Callable[[], Respuesta]]]) -> list[Desenlace]:
    """Carry out a verb for each tag: one that is refused keeps none of the others back."""
    desenlaces: list[Desenlace] = []
    for tag, verb in verbs:
        last = desenlaces[-1].refused if desenlaces else None
        # Once the database was too busy for one tag, nobody waits another ten seconds for each of the rest.
        busy = isinstance(last, Ocupado)
        desenlaces.append(Desenlace(tag, None, last) if busy else _one_of_many(tag, verb))
    return desenlaces


def _one_of_many(tag: str, verb: Callable[[], Respuesta]) -> Desenlace:
    try:
        respuesta = verb()
    except Refused as refused:
        return Desenlace(tag, None, refused)
    return Desenlace(respuesta.tag_spool, respuesta, None)


def _early(verbo: Verbo, orden: Orden, token: uuid.UUID) -> Caso:
    """Refuse without a lock what is plainly impossible; heals the claim of a spool that is held."""
    trabajador = _load_trabajador(verbo, orden)
    spool = find_spool(orden.tag)
    caso = Caso(orden, spool, trabajador, token)
    try:
        _judge(verbo, caso)
    except Refused:
        heal_claim(spool)
        raise
    return caso


def _with_claim(verbo: Verbo, caso: Caso) -> Respuesta:
    """Hold the claim around the transaction of a verb that occupies; give it up if the row did not take it."""
    if not verbo.ocupa or caso.trabajador is None:
        return _transact(verbo, caso)[0]
    mine = claims.value(caso.trabajador.id, caso.token)
    with ExitStack() as undo:
        claims.acquire(caso.spool.tag, mine)
        undo.callback(claims.release, caso.spool.tag, mine)
        respuesta, spool = _transact(verbo, caso)
        if spool is not None:
            undo.pop_all()
    return respuesta


def _transact(verbo: Verbo, early: Caso) -> tuple[Respuesta, Spool | None]:
    """The verb's transaction: its answer and the spool as committed, or a twin's answer and None."""
    orden = early.orden
    with verb_transaction():
        stored = _claves.begin(orden)
        if stored is not None:
            return stored, None
        # An import may have changed the worker since. The worker's row before the spool's, as imports lock them.
        trabajador = _load_trabajador(verbo, orden, lock=True) if verbo.exige_activo else early.trabajador
        spool = find_spool(orden.tag, lock=True)
        held = spool.claim
        caso = Caso(orden, spool, trabajador, early.token)
        _judge(verbo, caso)
        antes = spool.estados()
        hecho = verbo.apply(caso)
        record(spool, hecho, antes)
        respuesta = _answer(verbo, spool, hecho)
        _claves.store(orden, respuesta)
    claims.settle(spool.tag, spool.claim, mine=held, force=spool.ocupado)
    return respuesta, spool


def _judge(verbo: Verbo, caso: Caso) -> None:
    verbo.judge(caso)
    judge_version(caso.spool, caso.orden.version)


def _answer(verbo: Verbo, spool: Spool, hecho: Hecho) -> Respuesta:
    inspected = hecho.accion == Accion.INSPECCIONAR
    return Respuesta(
        tag_spool=spool.tag_hoja,
        message=verbo.message(spool, hecho),
        estado_detalle=spool.estado_detalle,
        version=str(spool.version),
        resultado=hecho.detalle["resultado"] if inspected else None,
        ciclo=hecho.detalle["ciclo"] if inspected else None,
    )


def _load_trabajador(verbo: Verbo, orden: Orden, *, lock: bool = False) -> Trabajador | None:
    if orden.trabajador_id is None:
        return None
    # Only those who start something are asked for their roles.
    trabajadores = Trabajador.objects.prefetch_related("roles") if verbo.exige_activo else Trabajador.objects.all()
    if lock and connection.vendor == "postgresql":
        trabajadores = trabajadores.select_for_update(no_key=True)
    try:
        trabajador = trabajadores.get(id=orden.trabajador_id)
    except Trabajador.DoesNotExist:
        raise WorkerNoEncontrado(orden.trabajador_id) from None
    if verbo.exige_activo:
        judge_activo(trabajador)
    return trabajador
