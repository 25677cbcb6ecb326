"""The two lists a supervisor works through: who holds what, and what is blocked. Views of Spool, without columns."""

from __future__ import annotations

from occupation.models.spool import Spool
from occupation.vocabulary import MarcaRedis


class Ocupacion(Spool):
    """A spool seen as somebody's occupation. `marca` is filled by the list that shows it."""

    marca: MarcaRedis | None = None

    class Meta:
        proxy = True
        verbose_name = "ocupación"
        verbose_name_plural = "ocupaciones"
        default_permissions = ("view",)
        permissions = (("liberar_ocupacion", "Puede liberar un spool tomado"),)


class Bloqueado(Spool):
    """A spool that three rejections in a row have blocked."""

    class Meta:
        proxy = True
        verbose_name = "spool bloqueado"
        verbose_name_plural = "bloqueados"
        default_permissions = ("view",)
        permissions = (("desbloquear_bloqueado", "Puede desbloquear un spool"),)
