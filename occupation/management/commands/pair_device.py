"""pair_device: an invitation for a tablet or a board, or the token of a program."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management.base import CommandParser

from occupation.access import PAIRING_PATH
from occupation.management.commands._shop_command import ShopCommand
from occupation.services import invite, issue_token
from occupation.vocabulary import DeviceKind, DeviceScope


class Command(ShopCommand):
    """Its last line is the pairing link or, for a program, the bearer token, alone."""

    help = "Vincula un dispositivo: imprime el enlace de una tableta o tablero, o el token de un programa."
    example = "manage.py pair_device 'Tablet 3' --kind tablet"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("nombre", metavar="NAME", help="cómo se llamará; aparece en la bitácora")
        parser.add_argument("--kind", required=True, choices=DeviceKind.values, help="qué es")
        parser.add_argument(
            "--scope",
            default=str(DeviceScope.ACT),
            choices=DeviceScope.values,
            help="act: puede tomar y completar; read: solo mira (un tablero siempre)",
        )

    def carry_out(self, options: dict[str, Any]) -> None:
        kind, scope = DeviceKind(options["kind"]), DeviceScope(options["scope"])
        if kind == DeviceKind.API:
            device, token = issue_token(nombre=options["nombre"], scope=scope)
            self.stdout.write(f"Token de «{device.nombre}»; guárdelo, no se muestra otra vez:")
            self.stdout.write(token)
            return
        invitacion = invite(nombre=options["nombre"], kind=kind, scope=scope)
        digits = f"{invitacion.digitos[:4]} {invitacion.digitos[4:]}"
        self.stdout.write(f"«{invitacion.device.nombre}»: abra el enlace en él antes de 10 minutos.")
        self.stdout.write(f"O escriba en {settings.PUBLIC_URL}{PAIRING_PATH} este código: {digits}")
        self.stdout.write(f"{settings.PUBLIC_URL}{PAIRING_PATH}?{urlencode({'codigo': invitacion.secreto})}")
