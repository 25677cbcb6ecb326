"""The wall's addresses."""

from django.urls import path

from dashboard.views import tablero

urlpatterns = [
    path("tablero/", tablero, name="tablero"),
]
