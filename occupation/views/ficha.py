"""What the shop says of one spool: where it stands, what can be done next and by whom, and what happened to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import dropwhile

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from occupation.eligibility import why_not
from occupation.history import Sesion, Total, events_of, sessions_of, totals_of
from occupation.models import CeldaDudosa, Evento, FilaDuplicada, Spool, Trabajador
from occupation.qr import drawing, spool_address
from occupation.queries import doubts_of
from occupation.templatetags.pantallas import CIERRE_EN_PALABRAS, correction_of, corriendo, hora
from occupation.vocabulary import (
    ACCION_DE,
    CICLOS_MAXIMOS,
    CORRECCIONES,
    ROLES_DE,
    Accion,
    EstadoCalidad,
    EstadoTrabajo,
    Operacion,
    Resultado,
    Rol,
    TipoEvento,
)

_TOLD_APART = {Accion.LIBERAR, Accion.INSPECCIONAR, Accion.DESBLOQUEAR, *CORRECCIONES}
_VERDICTS = {Accion.INSPECCIONAR: "", Accion.REABRIR: "Lo anterior deja de valer."}
"""What says whether the spool is approved, and what it means for the verdicts before it."""

_CLASE = {
    EstadoCalidad.PENDIENTE: "libre",
    EstadoCalidad.APROBADO: "bien",
    EstadoCalidad.RECHAZADO: "mal",
    EstadoCalidad.EN_REPARACION: "curso",
    EstadoCalidad.REPARACION_PAUSADA: "pausa",
    EstadoCalidad.BLOQUEADO: "alto",
}


@dataclass(frozen=True, slots=True)
class EstadoDeEtapa:
    """One of the four stages: its state as shape, word and colour, and who or when."""

    nombre: str
    clase: str
    estado: str
    detalle: str = ""

    @property
    def partes(self) -> list[str]:
        """What of the detail a narrow card must not break: a date is one word."""
        return self.detalle.split(" · ")


@dataclass(frozen=True, slots=True)
class Paso:
    """Something that can be done next, and by whom; or why nothing can."""

    titulo: str
    texto: str


@dataclass(frozen=True, slots=True)
class Hito:
    """One line of the history."""

    instante: datetime
    titulo: str | SafeString
    texto: str
    abierta: bool = False


class Ficha:
    """What the page says of a spool, and what the worker who stands there may do with it."""

    def __init__(self, spool: Spool, trabajador: Trabajador | None) -> None:
        self._spool = spool
        self._trabajador = trabajador

    @property
    def es_mio(self) -> bool:
        """Whether the worker holds it."""
        return self._trabajador is not None and self._spool.ocupado_por_id == self._trabajador.id

    @cached_property
    def tomables(self) -> list[Operacion]:
        """The operations for which this worker may take it now."""
        mine = self._trabajador
        possible = [operacion for operacion in _possible(self._spool) if operacion != Operacion.METROLOGIA]
        return [operacion for operacion in possible if mine and mine.puede_iniciar(operacion)]

    @property
    def inspeccionable(self) -> bool:
        """Whether this worker may inspect it now."""
        mine = self._trabajador
        may = mine is not None and mine.puede_iniciar(Operacion.METROLOGIA)
        return may and Operacion.METROLOGIA in _possible(self._spool)

    @property
    def etapas(self) -> list[EstadoDeEtapa]:
        """Materials, fit-up, welding, inspection."""
        spool = self._spool
        materiales = EstadoDeEtapa("MATERIALES", "bien", _day(spool.fecha_materiales))
        falta = EstadoDeEtapa("MATERIALES", "libre", "Falta Fecha_Materiales")
        return [
            materiales if spool.fecha_materiales else falta,
            _work(spool, Operacion.ARM, spool.arm_state, spool.armador, spool.fecha_armado),
            _work(spool, Operacion.SOLD, spool.sold_state, spool.soldador, spool.fecha_soldadura),
            _quality(spool),
        ]

    @property
    def pasos(self) -> list[Paso]:
        """What can be done next and by whom."""
        if self.es_mio and self._spool.ocupado_desde is not None:
            que = f"Lo tiene usted en {self._spool.tomado_para}"
            return [Paso(que, f"{_since(self._spool.ocupado_desde)}. Puede pausarlo o completarlo aquí abajo.")]
        return _steps(self._spool)

    @cached_property
    def notas(self) -> list[Paso]:
        """What a reader must know before trusting the page: gone from the sheet, doubtful cells, double rows."""
        celdas, filas = doubts_of(self._spool)
        notas = [_doubt(celda) for celda in celdas] + [_double(fila) for fila in filas]
        gone = Paso("Ya no está en la hoja", "La oficina lo sacó de la planilla: aquí solo queda su historia.")
        return [gone, *notas] if self._spool.archivado_en else notas

    @cached_property
    def _eventos(self) -> list[Evento]:
        return events_of(self._spool)

    @cached_property
    def _sesiones(self) -> list[Sesion]:
        return sessions_of(self._eventos, timezone.now())

    @cached_property
    def historia(self) -> list[Hito]:
        """Sessions of work with their durations, and what others did, latest first."""
        hitos = [*_sessions(self._sesiones), *_others(self._eventos)]
        return sorted(hitos, key=lambda hito: hito.instante, reverse=True)

    @property
    def sin_historia(self) -> str:
        """The sentence of an empty history: what was done before the shop had this program came with the sheet."""
        begun = {self._spool.arm_state, self._spool.sold_state} != {EstadoTrabajo.PENDIENTE}
        return f"{'Lo que está hecho vino de la hoja. Aquí nadie' if begun else 'Nadie'} lo ha tomado todavía."

    @property
    def totales(self) -> list[Total]:
        """The time worked so far, per operation and worker."""
        return totals_of(self._sesiones)

    @property
    def inspecciones(self) -> list[Hito]:
        """What was found at each inspection, the first one first, and what took it back since."""
        told = (evento for evento in self._eventos if evento.accion in _VERDICTS)
        found = dropwhile(lambda evento: evento.accion == Accion.REABRIR, told)
        return [Hito(evento.instante, _other(evento), _VERDICTS[Accion(evento.accion)]) for evento in found]

    @property
    def datos(self) -> list[tuple[str, str]]:
        """The office's columns that are filled."""
        spool = self._spool
        pares = [
            ("NV", spool.nv),
            ("OT", spool.ot),
            ("Cliente", spool.cliente),
            ("Prioridad", spool.prioridad),
            ("Ubicación", spool.ubicacion),
            ("Diámetro", spool.diam),
            ("Fecha compromiso", _day(spool.fecha_compromiso)),
            ("Estado de la NV", spool.status_nv),
            ("Notas", spool.notas),
        ]
        return [(nombre, valor) for nombre, valor in pares if valor]

    @property
    def qr(self) -> SafeString:
        """A drawing that opens the spool's page when it is scanned."""
        return drawing(spool_address(self._spool))


def _doubt(celda: CeldaDudosa) -> Paso:
    donde = f"En la hoja dice «{celda.valor}», fila {celda.fila}."
    return Paso(f"Dato dudoso: {celda.encabezado}", f"{celda.motivo} {donde}")


def _double(fila: FilaDuplicada) -> Paso:
    return Paso("Fila duplicada en la hoja", f"La fila {fila.fila} repite este tag. Se usa la {fila.fila_usada}.")


def _day(dia: date | None) -> str:
    return f"{dia:%d-%m-%Y}" if dia else ""


def _work(spool: Spool, operacion: Operacion, estado: str, quien: Trabajador | None, dia: date | None) -> EstadoDeEtapa:
    nombre = quien.worker_nombre if quien else ""
    if estado == EstadoTrabajo.COMPLETADO:
        return EstadoDeEtapa(operacion.label, "bien", "Completado", " · ".join(filter(None, [nombre, _day(dia)])))
    if estado == EstadoTrabajo.PENDIENTE:
        return EstadoDeEtapa(operacion.label, "libre", "Pendiente")
    if spool.ocupado_operacion == operacion:
        return EstadoDeEtapa(operacion.label, "curso", "En progreso", nombre)
    return EstadoDeEtapa(operacion.label, "pausa", "Pausado", f"lo tenía {nombre}" if nombre else "")


def _quality(spool: Spool) -> EstadoDeEtapa:
    estado = EstadoCalidad(spool.calidad_state)
    detalle = _day(spool.fecha_qc) or (spool.en_ciclo.capitalize() if spool.ciclo else "")
    return EstadoDeEtapa(Operacion.METROLOGIA.label, _CLASE[estado], estado.label.capitalize(), detalle)


def _possible(spool: Spool) -> list[Operacion]:
    if spool.archivado_en is not None:
        return []
    return [operacion for operacion in Operacion if why_not(spool, ACCION_DE[operacion], operacion) is None]


def _steps(spool: Spool) -> list[Paso]:
    if spool.ocupado_por is not None and spool.ocupado_desde is not None:
        que = f"Lo tiene {spool.ocupado_por} en {spool.tomado_para}"
        return [Paso(que, f"{_since(spool.ocupado_desde)}. Solo esa persona puede pausarlo o completarlo.")]
    if spool.calidad_state == EstadoCalidad.APROBADO:
        return [Paso("Está aprobado", "No queda nada por hacer en el taller.")]
    if spool.calidad_state == EstadoCalidad.BLOQUEADO:
        return [Paso("Está bloqueado tras tres rechazos", "Un supervisor debe desbloquearlo.")]
    possible = _possible(spool)
    return [_step(spool, operacion) for operacion in possible] or _why_nothing(spool)


def _since(instante: datetime) -> str:
    hoy = timezone.localtime(instante).date() == timezone.localdate()
    return f"Desde {'las' if hoy else 'el'} {hora(instante)}"


def _step(spool: Spool, operacion: Operacion) -> Paso:
    verbo = "Inspeccionar" if operacion == Operacion.METROLOGIA else f"Tomar {operacion.label}"
    verbo = f"{verbo} · {spool.en_ciclo}" if spool.ciclo else verbo
    quienes = " o ".join(Rol(rol).label for rol in ROLES_DE[operacion])
    return Paso(verbo, f"Lo puede hacer: {quienes}.")


def _why_nothing(spool: Spool) -> list[Paso]:
    pending = Operacion.ARM if spool.arm_state != EstadoTrabajo.COMPLETADO else Operacion.SOLD
    refused = why_not(spool, Accion.TOMAR, pending)
    return [Paso("Todavía no se puede hacer nada", refused.mensaje)] if refused and not spool.archivado_en else []


def _sessions(sesiones: Iterable[Sesion]) -> Iterable[Hito]:
    for sesion in sesiones:
        quien = sesion.trabajador.worker_nombre if sesion.trabajador else "Alguien"
        que = (
            f"{sesion.operacion.label} · ciclo {sesion.ciclo}/{CICLOS_MAXIMOS}"
            if sesion.ciclo
            else sesion.operacion.label
        )
        cuanto = sesion.duracion if sesion.hasta else corriendo(sesion.desde)
        hasta = hora(sesion.hasta) if sesion.hasta else "ahora"
        cierre = CIERRE_EN_PALABRAS[sesion.cierre] if sesion.cierre else "sigue trabajando"
        yield Hito(
            instante=sesion.desde,
            titulo=format_html("{} · {} · {}", quien, que, cuanto),
            texto=f"{hora(sesion.desde)} → {hasta} · {cierre}",
            abierta=sesion.hasta is None,
        )


def _others(eventos: Iterable[Evento]) -> Iterable[Hito]:
    for evento in eventos:
        if evento.accion in _TOLD_APART or evento.tipo == TipoEvento.EDICION_HOJA:
            yield Hito(evento.instante, _other(evento), f"{hora(evento.instante)} · desde {evento.autor}")


def _other(evento: Evento) -> str:
    quien = evento.trabajador.worker_nombre if evento.trabajador else evento.autor
    motivo = f": «{evento.detalle['motivo']}»" if evento.detalle.get("motivo") else ""
    if evento.accion == Accion.INSPECCIONAR:
        approved = evento.detalle.get("resultado") == Resultado.APROBADO
        ciclo = f"RECHAZADO (ciclo {evento.detalle.get('ciclo')}/{CICLOS_MAXIMOS})"
        return f"{quien} · METROLOGÍA · {'APROBADO' if approved else ciclo}"
    if evento.accion == Accion.LIBERAR:
        return f"{evento.autor} lo liberó de {quien}{motivo}"
    if evento.accion == Accion.DESBLOQUEAR:
        return f"{evento.autor} lo desbloqueó{motivo}"
    if evento.accion in CORRECCIONES:
        return f"{evento.autor} {correction_of(evento)}{motivo}"
    return "Se editó en la hoja"
