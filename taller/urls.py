"""Which address belongs to which room."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from dashboard.api import router as stream_router
from occupation.api.site import build_api
from taller import VERSION, health

api = build_api(version=VERSION)
api.add_router("", health.router, auth=None, tags=["Salud"])
api.add_router("", stream_router, tags=["En vivo"])

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("api/", api.urls),
    path("", include("dashboard.urls")),
    path("", include("occupation.urls")),
]
