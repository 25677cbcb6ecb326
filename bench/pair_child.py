"""Child: pairs a browser and prints its cookie. `python -m bench.pair_child tablet|board`"""

from __future__ import annotations

import sys
import uuid

from bench.children import open_django, say


def main() -> None:
    """A new device each time."""
    open_django()
    from occupation import access, services
    from occupation.vocabulary import DeviceKind

    kind = DeviceKind(sys.argv[1])
    invitacion = services.invite(nombre=f"bench {kind} {uuid.uuid4().hex[:6]}", kind=kind)
    _, cookie = services.pair(codigo=invitacion.secreto, direccion="127.0.0.1")
    say({"cookie": f"{access.COOKIE}={cookie}"})


if __name__ == "__main__":
    main()
