"""The shop's words, each once: operations, verbs, roles, states and journal types. No logic lives here.

Source: the shop's own rules, told in docs/glossary.md.
"""

from __future__ import annotations

from datetime import date

from django.db.models import IntegerChoices, TextChoices

CICLOS_MAXIMOS = 3
"""Consecutive rejections after which a spool is blocked."""

WORKER_ID_MAXIMO = 2_147_483_647
"""The largest number the workers' key holds on every database."""

TAG_MAXIMO = 100
"""Longest tag that fits on a spool, in characters."""

NOMBRE_MAXIMO = 100
"""Longest name of a worker, or of a device, in characters."""

PIN_DIGITOS = 4
"""How many digits a worker's PIN has."""

PIN_INTENTOS = 5
"""Wrong PINs in a row after which only a supervisor lets the worker try again."""

TAGS_POR_LOTE = 50
"""Most tags a program names in one batch, and most a worker takes at once. All that is held can be paused at once."""


PRIMER_DIA = date(1990, 1, 1)
"""No work is older, and no day before it is read from the sheet: an earlier one is a slip of the finger."""


class Operacion(TextChoices):
    """What is done to a spool."""

    ARM = "ARM", "ARMADO"
    SOLD = "SOLD", "SOLDADURA"
    METROLOGIA = "METROLOGIA", "METROLOGÍA"
    REPARACION = "REPARACION", "REPARACIÓN"


class Accion(TextChoices):
    """What a person does: the verbs."""

    TOMAR = "TOMAR", "Tomar"
    PAUSAR = "PAUSAR", "Pausar"
    COMPLETAR = "COMPLETAR", "Completar"
    CANCELAR = "CANCELAR", "Cancelar"
    LIBERAR = "LIBERAR", "Liberar"
    INSPECCIONAR = "INSPECCIONAR", "Inspeccionar"
    DESBLOQUEAR = "DESBLOQUEAR", "Desbloquear"
    CORREGIR = "CORREGIR", "Corregir"
    REABRIR = "REABRIR", "Reabrir"


CORRECCIONES = (Accion.CORREGIR, Accion.REABRIR)
"""What a supervisor does to an operation that was completed."""

CIERRES = (Accion.PAUSAR, Accion.COMPLETAR, Accion.CANCELAR, Accion.LIBERAR)
"""The verbs that end an occupation."""

DEL_PISO = (Accion.TOMAR, *CIERRES, Accion.INSPECCIONAR)
"""The verbs of the floor: what is done to a spool, not what the office writes or puts right about it."""


class Resultado(TextChoices):
    """What an inspection says."""

    APROBADO = "APROBADO", "APROBADO"
    RECHAZADO = "RECHAZADO", "RECHAZADO"


class Rol(TextChoices):
    """What a worker may do; a worker has one or several."""

    ARMADOR = "Armador", "Armador"
    SOLDADOR = "Soldador", "Soldador"
    AYUDANTE = "Ayudante", "Ayudante"
    METROLOGIA = "Metrologia", "Metrología"
    REVESTIMIENTO = "Revestimiento", "Revestimiento"
    PINTURA = "Pintura", "Pintura"
    DESPACHO = "Despacho", "Despacho"


ROLES_DE: dict[Operacion, tuple[Rol, ...]] = {
    Operacion.ARM: (Rol.ARMADOR, Rol.AYUDANTE),
    Operacion.SOLD: (Rol.SOLDADOR, Rol.AYUDANTE),
    Operacion.METROLOGIA: (Rol.METROLOGIA,),
    Operacion.REPARACION: (Rol.ARMADOR, Rol.SOLDADOR),
}
"""Who may start each operation."""

ACCION_DE: dict[Operacion, Accion] = {
    Operacion.ARM: Accion.TOMAR,
    Operacion.SOLD: Accion.TOMAR,
    Operacion.METROLOGIA: Accion.INSPECCIONAR,
    Operacion.REPARACION: Accion.TOMAR,
}
"""The verb that starts each operation: an inspection is done at once, and never taken."""


class EstadoTrabajo(TextChoices):
    """States of the ARM and SOLD machines. Paused is not a state: it is in progress and not held."""

    PENDIENTE = "pendiente", "pendiente"
    EN_PROGRESO = "en_progreso", "en progreso"
    COMPLETADO = "completado", "completado"


class EstadoCalidad(TextChoices):
    """States of inspection and repair, one field, so that impossible pairs cannot be stored."""

    PENDIENTE = "pendiente", "pendiente"
    APROBADO = "aprobado", "aprobado"
    RECHAZADO = "rechazado", "rechazado"
    EN_REPARACION = "en_reparacion", "en reparación"
    REPARACION_PAUSADA = "reparacion_pausada", "reparación pausada"
    BLOQUEADO = "bloqueado", "bloqueado"


class Avance(TextChoices):
    """How far the spools of a list are with its operation: what a list can be narrowed to."""

    SIN_EMPEZAR = "sin-empezar", "Sin empezar"
    EN_PAUSA = "en-pausa", "En pausa"
    OCUPADO = "ocupado", "Ocupados"
    PRIMERA = "primera", "Primera inspección"
    REPARADO = "reparado", "Reparados"


AVANCES_DE: dict[Operacion, tuple[Avance, ...]] = {
    Operacion.ARM: (Avance.SIN_EMPEZAR, Avance.EN_PAUSA, Avance.OCUPADO),
    Operacion.SOLD: (Avance.SIN_EMPEZAR, Avance.EN_PAUSA, Avance.OCUPADO),
    Operacion.REPARACION: (Avance.SIN_EMPEZAR, Avance.EN_PAUSA, Avance.OCUPADO),
    Operacion.METROLOGIA: (Avance.PRIMERA, Avance.REPARADO),
}
"""Into what the list of each operation divides: every spool of it is in exactly one."""


class Maquina(TextChoices):
    """The three machines of a spool, as the journal names them."""

    ARM = "ARM", "ARMADO"
    SOLD = "SOLD", "SOLDADURA"
    CALIDAD = "CALIDAD", "CALIDAD"


class Falta(TextChoices):
    """What a spool can be missing before an operation."""

    FECHA_MATERIALES = "Fecha_Materiales", "Fecha_Materiales"
    ARM = "ARM", "ARM"
    SOLD = "SOLD", "SOLD"


class TipoEvento(TextChoices):
    """Every type of journal row. Writers, the database check and the tests use this enum."""

    TOMAR_ARM = "TOMAR_ARM", "Tomar armado"
    TOMAR_SOLD = "TOMAR_SOLD", "Tomar soldadura"
    TOMAR_REPARACION = "TOMAR_REPARACION", "Tomar reparación"
    PAUSAR_ARM = "PAUSAR_ARM", "Pausar armado"
    PAUSAR_SOLD = "PAUSAR_SOLD", "Pausar soldadura"
    PAUSAR_REPARACION = "PAUSAR_REPARACION", "Pausar reparación"
    COMPLETAR_ARM = "COMPLETAR_ARM", "Completar armado"
    COMPLETAR_SOLD = "COMPLETAR_SOLD", "Completar soldadura"
    COMPLETAR_REPARACION = "COMPLETAR_REPARACION", "Completar reparación"
    CANCELAR_ARM = "CANCELAR_ARM", "Cancelar armado"
    CANCELAR_SOLD = "CANCELAR_SOLD", "Cancelar soldadura"
    CANCELAR_REPARACION = "CANCELAR_REPARACION", "Cancelar reparación"
    LIBERAR_ARM = "LIBERAR_ARM", "Liberar armado"
    LIBERAR_SOLD = "LIBERAR_SOLD", "Liberar soldadura"
    LIBERAR_REPARACION = "LIBERAR_REPARACION", "Liberar reparación"
    COMPLETAR_METROLOGIA = "COMPLETAR_METROLOGIA", "Inspección"
    DESBLOQUEAR_REPARACION = "DESBLOQUEAR_REPARACION", "Desbloquear"
    CORREGIR_ARM = "CORREGIR_ARM", "Corregir armado"
    CORREGIR_SOLD = "CORREGIR_SOLD", "Corregir soldadura"
    CORREGIR_METROLOGIA = "CORREGIR_METROLOGIA", "Corregir inspección"
    REABRIR_ARM = "REABRIR_ARM", "Reabrir armado"
    REABRIR_SOLD = "REABRIR_SOLD", "Reabrir soldadura"
    REABRIR_METROLOGIA = "REABRIR_METROLOGIA", "Reabrir inspección"
    SUPERVISOR_OVERRIDE = "SUPERVISOR_OVERRIDE", "Desbloqueo en la hoja"
    EDICION_HOJA = "EDICION_HOJA", "Edición en la hoja"
    IMPORTACION = "IMPORTACION", "Importación"
    STATE_CHANGE = "STATE_CHANGE", "Cambio de estado"


class ActorTipo(TextChoices):
    """Who caused a journal row: the actor is never the worker, even when both are one person."""

    DISPOSITIVO = "dispositivo", "Dispositivo"
    SUPERVISOR = "supervisor", "Supervisor"
    HOJA = "hoja", "Hoja"
    SISTEMA = "sistema", "Sistema"


class DeviceKind(TextChoices):
    """What a paired device is for."""

    TABLET = "tablet", "Tablet"
    BOARD = "board", "Tablero"
    API = "api", "Programa"


class DeviceScope(TextChoices):
    """What a paired device may do."""

    ACT = "act", "Actuar"
    READ = "read", "Leer"


class MarcaRedis(TextChoices):
    """How the claim in Redis on a held spool agrees with the row, which is what counts."""

    COINCIDE = "coincide", "coincide"
    FALTA = "falta", "falta"
    HUERFANA = "huerfana", "huérfana: es de otra ocupación"
    SIN_RESPUESTA = "sin_respuesta", "Redis no responde"
    SIN_REDIS = "sin_redis", "sin Redis"


class Tomado(TextChoices):
    """Which value a conflict between the sheet and the app was resolved with."""

    HOJA = "hoja", "el de la hoja"
    APP = "app", "el de la app"


class TipoRetencion(TextChoices):
    """Why a tab of the sheet is left alone."""

    ENCABEZADO = "encabezado", "encabezado"
    EDICIONES = "ediciones", "muchas ediciones"
    ENCOGIDA = "encogida", "lectura encogida"
    ESCRITURA = "escritura", "no se deja escribir"


class TipoErrorHoja(TextChoices):
    """Why the book was not reached."""

    PERMISO = "permiso", "sin permiso"
    CUOTA = "cuota", "hay que esperar"
    LIBRO = "libro", "libro ilegible"


class PasoMejora(TextChoices):
    """How far an upgrade of the book got, in order. Each is reached once the book was seen to have it."""

    ANUNCIADA = "anunciada", "anunciada"
    RESPALDADA = "respaldada", "respaldada"
    CON_ENCABEZADOS = "con_encabezados", "con sus encabezados"
    VERIFICADA = "verificada", "verificada"
    INICIALIZADA = "inicializada", "inicializada"
    TERMINADA = "terminada", "terminada"


class AdvisoryLock(IntegerChoices):
    """PostgreSQL advisory locks of this product, so that no two uses share a number."""

    JOURNAL = 73_001, "journal"
    IMPORT = 73_002, "import"
    RELAY = 73_003, "relay"
    DEVICES = 73_009, "devices"
    PINS = 73_010, "pins"
