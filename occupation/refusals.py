"""Why a request is refused: one class per reason a person can hear.

Each refusal carries a `codigo` other programs read, `datos` to act on, and a Spanish sentence that says what
happened and what to do next. The HTTP status of each lives in the web layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings

from occupation.vocabulary import Accion, Falta, Operacion, Rol


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A request that cannot be done now. Nothing was changed."""

    codigo: ClassVar[str]

    def __init__(self, mensaje: str, **datos: Any) -> None:
        super().__init__(mensaje)
        self.mensaje = mensaje
        self.datos: dict[str, Any] = datos

    @property
    def frase(self) -> str:
        """What a page says: people read no names of fields."""
        return self.mensaje


def _when(instante: datetime) -> str:
    return instante.astimezone(ZoneInfo(settings.TIME_ZONE)).strftime("%d-%m %H:%M")


def _iso(instante: datetime) -> str:
    return instante.astimezone(ZoneInfo(settings.TIME_ZONE)).isoformat()


class SpoolNoEncontrado(Refused):
    """No spool has that tag, or it left the sheet (`archivado`), or it was renamed (`ahora`)."""

    codigo = "SPOOL_NO_ENCONTRADO"

    def __init__(self, tag: str, *, archivado: bool = False, ahora: str | None = None) -> None:
        datos: dict[str, Any] = {"tag_spool": tag}
        mensaje = f"No existe el spool {tag}. Revise el tag pintado o avise a la oficina."
        if archivado:
            datos["archivado"] = True
            mensaje = f"El spool {tag} ya no está en la hoja. Avise a la oficina si debe seguir en el taller."
        if ahora:
            datos["ahora"] = ahora
            mensaje = f"El spool {tag} ahora se llama {ahora}. Búsquelo con ese tag."
        super().__init__(mensaje, **datos)


class WorkerNoEncontrado(Refused):
    """The worker is unknown, or inactive."""

    codigo = "WORKER_NO_ENCONTRADO"

    def __init__(self, worker_id: int, *, inactivo: bool = False) -> None:
        que = "está inactivo" if inactivo else "no existe"
        super().__init__(
            f"El trabajador {worker_id} {que}. Elija otro nombre o avise al supervisor.", worker_id=worker_id
        )


class RolNoAutorizado(Refused):
    """The worker has none of the roles the operation asks for."""

    codigo = "ROL_NO_AUTORIZADO"

    def __init__(self, worker: str, operacion: Operacion, roles: Iterable[str], necesita: Iterable[str]) -> None:
        roles, necesita = sorted(roles), list(necesita)
        uno = " o ".join(Rol(rol).label for rol in necesita)
        super().__init__(
            f"{worker} no puede hacer {operacion.label}: necesita el rol {uno}. "
            "Si corresponde, pida a la oficina que lo agregue.",
            roles=roles,
            necesita=necesita,
        )


class NoAutorizado(Refused):
    """Another worker holds the spool."""

    codigo = "NO_AUTORIZADO"

    def __init__(self, tag: str, owner_id: int, owner_name: str, desde: datetime) -> None:
        super().__init__(
            f"El spool {tag} lo tiene {owner_name} desde el {_when(desde)}. "
            "Solo esa persona puede pausarlo, completarlo o cancelarlo; si no está, avise al supervisor.",
            owner_id=owner_id,
            owner_name=owner_name,
            desde=_iso(desde),
        )


class SpoolBloqueado(Refused):
    """Three rejections in a row: only a supervisor can go on."""

    codigo = "SPOOL_BLOQUEADO"

    def __init__(self, tag: str) -> None:
        super().__init__(f"El spool {tag} está bloqueado tras tres rechazos. Contacte al supervisor.")


class SpoolOccupied(Refused):
    """Somebody holds the spool; `liberable` if whoever hears it may release it."""

    codigo = "SPOOL_OCCUPIED"

    def __init__(
        self,
        tag: str,
        owner_id: int,
        owner_name: str,
        desde: datetime,
        operacion: str,
        *,
        propio: bool = False,
        liberable: bool = False,
    ) -> None:
        quien = "Usted ya tiene" if propio else f"{owner_name} tiene"
        espera = "Libérelo antes con LIBERAR." if liberable else "Elija otro spool o espere a que lo pause."
        que_hacer = "Está en Mis spools." if propio else espera
        super().__init__(
            f"{quien} el spool {tag} en {Operacion(operacion).label} desde el {_when(desde)}. {que_hacer}",
            owner_id=owner_id,
            owner_name=owner_name,
            desde=_iso(desde),
            operacion=operacion,
        )


class VersionConflict(Refused):
    """The caller saw an older version of the spool; `version` is the current one."""

    codigo = "VERSION_CONFLICT"

    def __init__(self, tag: str, version: str) -> None:
        super().__init__(f"El spool {tag} cambió mientras lo miraba. Mírelo de nuevo y repita.", version=version)


PARA_TRABAJAR = "Para trabajar en él, tómelo."
PARA_SEGUIR = "Para seguir, tómelo de nuevo."
OTRO_SPOOL = "Elija otro spool."
NADA_QUE_LIBERAR = "No hay nada que liberar."

_FIN = {
    Accion.PAUSAR: "{por} lo pausó",
    Accion.COMPLETAR: "{por} lo completó",
    Accion.CANCELAR: "{por} lo canceló",
    Accion.LIBERAR: "{por} lo liberó",
}


class OcupacionTerminada(Refused):
    """Nobody holds the spool; `fin` says how the last occupation ended, null if there never was one.

    The sentence names `autor`, where that reads better than `por`, and the `operacion` that was completed; `despues`
    is what to do now.
    """

    codigo = "OCUPACION_TERMINADA"

    def __init__(
        self,
        tag: str,
        *,
        fin: Accion | None = None,
        por: str | None = None,
        autor: str | None = None,
        motivo: str | None = None,
        cuando: datetime | None = None,
        operacion: Operacion | None = None,
        despues: str = PARA_TRABAJAR,
    ) -> None:
        frase = f"Nadie tiene el spool {tag}."
        if fin and cuando:
            razon = f" ({motivo})" if motivo else ""
            como = _FIN[fin].format(por=autor or por)
            que = f" en {operacion.label}" if operacion and fin == Accion.COMPLETAR else ""
            frase = f"Nadie tiene el spool {tag}: {como}{que} el {_when(cuando)}{razon}."
        super().__init__(
            f"{frase} {despues}",
            fin=str(fin) if fin else None,
            por=por,
            motivo=motivo,
            cuando=_iso(cuando) if cuando else None,
        )


class OperacionYaCompletada(Refused):
    """The operation was completed before, or the spool is approved."""

    codigo = "OPERACION_YA_COMPLETADA"

    def __init__(self, tag: str, operacion: Operacion) -> None:
        hecho = "ya está aprobado en" if operacion == Operacion.METROLOGIA else "ya tiene completado"
        super().__init__(f"El spool {tag} {hecho} {operacion.label}. Elija otro spool.", operacion=str(operacion))


class OperacionNoDisponible(Refused):
    """The operation does not apply to the spool as it is."""

    codigo = "OPERACION_NO_DISPONIBLE"

    def __init__(self, tag: str, operacion: Operacion, razon: str) -> None:
        super().__init__(f"{operacion.label} no está disponible para {tag}: {razon}", operacion=str(operacion))
        self.razon = f"{razon[:1].upper()}{razon[1:]}"
        """Why, where the spool and the operation stand beside it."""


_FALTA = {
    Falta.FECHA_MATERIALES: "falta Fecha_Materiales. Avise a la oficina cuando lleguen los materiales.",
    Falta.ARM: "falta ARMADO. Primero debe completarse el armado.",
    Falta.SOLD: "falta SOLDADURA. Primero debe completarse la soldadura.",
}
_FALTA_INICIAR = "falta ARMADO. Primero debe comenzar el armado."


class DependenciasNoSatisfechas(Refused):
    """Something the operation needs is missing; `falta` names the first. `basta_iniciar`: of ARM, that it begins."""

    codigo = "DEPENDENCIAS_NO_SATISFECHAS"

    def __init__(self, tag: str, falta: Falta, *, basta_iniciar: bool = False) -> None:
        que = _FALTA_INICIAR if basta_iniciar else _FALTA[falta]
        super().__init__(f"El spool {tag} no está listo: {que}", falta=str(falta))


class SolicitudInvalida(Refused):
    """The request does not make sense as written; `campos` says which fields, and why."""

    codigo = "SOLICITUD_INVALIDA"

    def __init__(self, campos: Mapping[str, str]) -> None:
        frases = "; ".join(f"{campo}: {razon}" for campo, razon in campos.items())
        super().__init__(f"La solicitud no es válida. {frases}", campos=dict(campos))

    @property
    def frase(self) -> str:
        razones = dict.fromkeys(self.datos["campos"].values())
        return " ".join(f"{razon[:1].upper()}{razon[1:].removesuffix('.')}." for razon in razones)


class ClaveReutilizada(Refused):
    """An idempotency key came back with another request."""

    codigo = "CLAVE_REUTILIZADA"

    def __init__(self) -> None:
        super().__init__("La clave de esta solicitud ya se usó para otra distinta. Recargue la página y repita.")


class Ocupado(Refused):
    """The database stayed busy for too long; nothing was done."""

    codigo = "OCUPADO"

    def __init__(self) -> None:
        super().__init__("El sistema está muy ocupado y no alcanzó a guardar. No se hizo nada: repita en un momento.")


class SinEspacio(Refused):
    """The server's disk is full or fails; nothing was done."""

    codigo = "ERROR_INTERNO"

    def __init__(self) -> None:
        super().__init__(
            "El disco del servidor está lleno o falla: no se guardó nada. Avise al supervisor; luego repita."
        )


class NoVinculado(Refused):
    """Whoever asks is no device of this shop, or no longer."""

    codigo = "NO_VINCULADO"

    def __init__(self) -> None:
        super().__init__(
            "Este dispositivo no está vinculado al taller. Pida al administrador un código para vincularlo."
        )


class SinPermiso(Refused):
    """The device may look, not act: a board, or one that only reads; or a tablet that goes round the PIN."""

    codigo = "SIN_PERMISO"

    def __init__(self, dispositivo: str, *, pide_pin: bool = False) -> None:
        que = "solo puede mirar. Use una tableta, o pida al administrador un permiso para actuar."
        con_pin = "no puede actuar por la API: use las páginas de la tableta, que piden el PIN."
        super().__init__(f"{dispositivo} {con_pin if pide_pin else que}")


class CodigoInvalido(Refused):
    """A pairing code that is wrong, lapsed or used."""

    codigo = "CODIGO_INVALIDO"

    def __init__(self) -> None:
        super().__init__("El código no sirve: está mal escrito, ya se usó o venció. Pida uno nuevo al administrador.")


class PinIncorrecto(Refused):
    """The worker's PIN is another one; `quedan` more may be tried."""

    codigo = "PIN_INCORRECTO"

    def __init__(self, *, quedan: int) -> None:
        quedan_en_palabras = "Le queda un intento" if quedan == 1 else f"Le quedan {quedan} intentos"
        super().__init__(f"Ese no es su PIN. {quedan_en_palabras}; después lo abre un supervisor.", quedan=quedan)


class PinBloqueado(Refused):
    """Too many wrong PINs in a row: only a supervisor can go on."""

    codigo = "PIN_BLOQUEADO"

    def __init__(self, worker: str) -> None:
        super().__init__(f"El PIN de {worker} está bloqueado por intentos fallidos. Pida a un supervisor que lo abra.")


class SinPin(Refused):
    """The shop asks for a PIN and the worker has none yet."""

    codigo = "SIN_PIN"

    def __init__(self, worker: str) -> None:
        super().__init__(f"{worker} todavía no tiene PIN. Pida a un supervisor que se lo ponga.")


class DemasiadasSolicitudes(Refused):
    """Too many failures in a row; `segundos` says when to try again, at the latest."""

    codigo = "DEMASIADAS_SOLICITUDES"

    def __init__(self, *, segundos: int) -> None:
        espera = "un minuto" if segundos <= 60 else "una hora"
        super().__init__(f"Hubo demasiados intentos fallidos. Espere {espera} y pruebe de nuevo.", segundos=segundos)
