"""The office's window on the shop: what is held, blocked or doubtful, the journal, devices and workers.

Every page here either only reads or goes through a service. Django's own change views run inside a transaction,
which the verbs refuse: LIBERAR and DESBLOQUEAR live in views of their own.
"""

from django.contrib import admin

from occupation.admin import conflict, device, hold, journal, mirror, people, sheet, spool, supervision, upgrade, worker

__all__ = [
    "conflict",
    "device",
    "hold",
    "journal",
    "mirror",
    "people",
    "sheet",
    "spool",
    "supervision",
    "upgrade",
    "worker",
]

admin.site.site_header = "Taller"
admin.site.site_title = "Taller"
admin.site.index_title = "Administración"
# base_site.html has links of its own to the board and the tablet's page.
admin.site.site_url = None
# The lists need the width; the home page is the menu.
admin.site.enable_nav_sidebar = False
