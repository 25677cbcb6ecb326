"""rebuild_claims: makes Redis agree with the database about who holds what."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from occupation.gateways import connection
from occupation.gateways.claims import ORPHAN_SECONDS
from occupation.management.commands._shop_command import ShopCommand
from occupation.services import heal_claims


class Command(ShopCommand):
    """One line per claim that was missing, wrong or orphaned, and the counts."""

    help = "Reconstruye en Redis los reclamos de los spools ocupados, a partir de la base de datos."
    example = "manage.py rebuild_claims"

    def carry_out(self, options: dict[str, Any]) -> None:
        if not connection.configured():
            raise CommandError("No hay Redis que reconstruir: REDIS_URL está vacío. El taller funciona igual.")
        report = heal_claims()
        if report is None:
            raise CommandError("Redis no responde. El taller funciona sin él; repita cuando vuelva.")
        for tag in report.puestas:
            self.stdout.write(f"Repuesto: {tag}")
        for tag in report.huerfanas:
            self.stdout.write(f"Borrado: {tag}")
        if report.jovenes:
            self.stdout.write(
                f"Se dejaron {report.jovenes} de menos de {ORPHAN_SECONDS} s: pueden ser de alguien que está tomando "
                "ahora. Repita en un momento."
            )
        counts = len(report.puestas), len(report.huerfanas)
        self.stdout.write(f"Ocupados: {report.ocupados}. Repuestos: {counts[0]}. Borrados: {counts[1]}.")
