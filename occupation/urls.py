"""The tablet's addresses."""

from django.urls import path

from occupation.views.corrections import corregible, corregibles, corregir, reabrir
from occupation.views.metrologia import metrologia
from occupation.views.pairing import vincular
from occupation.views.picker import entrar, picker
from occupation.views.pin import pin
from occupation.views.pines import pines, poner_pin
from occupation.views.pulse import pulso
from occupation.views.registro import mi_registro
from occupation.views.spool import spool, viajera
from occupation.views.supervision import desbloquear, liberar, supervision, supervision_ahora
from occupation.views.supervisor import entrar as supervision_entrar
from occupation.views.supervisor import salir
from occupation.views.trabajo import mios, resultado, trabajo
from occupation.views.verbs import cancelar, completar, pausar, pausar_todos, tomar

urlpatterns = [
    path("", picker, name="picker"),
    path("entrar/", entrar, name="entrar"),
    path("entrar/pin/", pin, name="pin"),
    path("vincular/", vincular, name="vincular"),
    path("pulso/", pulso, name="pulso"),
    path("trabajo/", trabajo, name="trabajo"),
    path("trabajo/mios/", mios, name="mios"),
    path("trabajo/resultado/", resultado, name="resultado"),
    path("trabajo/tomar/", tomar, name="tomar"),
    path("trabajo/pausar/", pausar, name="pausar"),
    path("trabajo/pausar-todos/", pausar_todos, name="pausar-todos"),
    path("trabajo/completar/", completar, name="completar"),
    path("trabajo/cancelar/", cancelar, name="cancelar"),
    path("trabajo/metrologia/", metrologia, name="metrologia"),
    path("mi-registro/", mi_registro, name="mi-registro"),
    path("supervision/", supervision, name="supervision"),
    path("supervision/ahora/", supervision_ahora, name="supervision-ahora"),
    path("supervision/entrar/", supervision_entrar, name="supervision-entrar"),
    path("supervision/salir/", salir, name="supervision-salir"),
    path("supervision/liberar/", liberar, name="liberar"),
    path("supervision/desbloquear/", desbloquear, name="desbloquear"),
    path("supervision/pines/", pines, name="pines"),
    path("supervision/pines/poner/", poner_pin, name="poner-pin"),
    path("supervision/corregir/", corregibles, name="corregibles"),
    path("supervision/corregir/spool/", corregible, name="corregible"),
    path("supervision/corregir/operacion/", corregir, name="corregir"),
    path("supervision/reabrir/", reabrir, name="reabrir"),
    path("spool/<path:tag>/", spool, name="spool"),
    path("viajera/<path:tag>/", viajera, name="viajera"),
]
