"""The wall's addresses."""

from django.urls import path

from dashboard.views import en_vivo, tablero

urlpatterns = [
    path("tablero/", tablero, name="tablero"),
    path("en-vivo/", en_vivo, name="en-vivo"),
]
