"""QR codes, drawn inside the page that shows them: no file, no script, no inline style."""

from __future__ import annotations

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from occupation.models import Spool


def drawing(text: str) -> SafeString:
    """An SVG element that says `text` to whoever scans it, on its own white. The page's stylesheet gives its size."""
    code = segno.make_qr(text, error="m")
    return SafeString(code.svg_inline(omitsize=True, light="#fff", svgclass=None, lineclass=None))


def spool_address(spool: Spool) -> str:
    """The whole address of a spool's page, as the shop is published."""
    return f"{settings.PUBLIC_URL}{reverse('spool', args=[spool.tag_hoja])}"
