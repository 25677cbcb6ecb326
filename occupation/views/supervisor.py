"""The door to supervision: a person who logs in, not a device. What every page behind it shares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect, push_url
from django_htmx.middleware import HtmxDetails

from occupation.access import cookie_device
from occupation.http_status import status_of
from occupation.models import Spool
from occupation.refusals import Refused, SolicitudInvalida, VersionConflict
from occupation.services.groups import SUPERVISION_PERMISSION
from occupation.services.supervision import MOTIVO_MAXIMO
from occupation.views.fragment import is_refresh
from occupation.views.outcome import RETRYABLE, posted

IDLE = timedelta(minutes=30)
"""A login made here ends after so long without a page asked for: the tablet may stand among the workers."""

_OURS = "supervision"
P = ParamSpec("P")


class SupervisorRequest(HttpRequest):
    """A request from somebody who may supervise."""

    user: User
    supervisor: User
    htmx: HtmxDetails


SupervisorPage = Callable[Concatenate[SupervisorRequest, P], HttpResponseBase]
OpenPage = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class Entrar(LoginView):
    """The login in the product's clothes; failures are counted like the admin's."""

    template_name = "occupation/supervision/entrar.html"
    next_page = "supervision"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(en_taller=cookie_device(self.request) is not None, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponseRedirect:
        response = super().form_valid(form)
        self.request.session[_OURS] = True
        self.request.session.set_expiry(IDLE)
        return HttpResponseRedirect(response["Location"])


entrar = never_cache(Entrar.as_view())
salir = LogoutView.as_view(next_page="supervision-entrar")


def supervisor_required(permiso: str = SUPERVISION_PERMISSION) -> Callable[[SupervisorPage[P]], OpenPage[P]]:
    """Only for people with that permission. Nobody logged in: the login, which leads back. Somebody else: 403."""

    def decorate(view: SupervisorPage[P]) -> OpenPage[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated or not _ends_when_idle(request):
                return _to_login(request)
            if not _may(request.user, SUPERVISION_PERMISSION):
                return render(request, "occupation/supervision/sin_permiso.html", status=403)
            request.supervisor = request.user  # type: ignore[attr-defined]  # this is what makes it a SupervisorRequest
            if not _may(request.user, permiso):
                raise PermissionDenied
            _stay(request)
            return view(request, *args, **kwargs)  # type: ignore[arg-type]  # as above

        return never_cache(guarded)

    return decorate


def _may(user: AbstractBaseUser | AnonymousUser, permiso: str) -> bool:
    return isinstance(user, User) and user.has_perm(permiso)


def _ends_when_idle(request: HttpRequest) -> bool:
    """Whether the login ends by itself, which on the shop's own devices it must: the admin's lasts for weeks."""
    return bool(request.session.get(_OURS)) or cookie_device(request) is None


def _stay(request: HttpRequest) -> None:
    """Begin the idle time anew; a page that only brings itself up to date is no sign of a person."""
    if request.session.get(_OURS) and not is_refresh(request):
        request.session.set_expiry(IDLE)


def office_on_tablets_middleware(get_response: OpenPage[[]]) -> OpenPage[[]]:
    """On the shop's own devices the admin is behind this login too, and ends with it; its own would last for weeks."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(reverse("admin:index")):
            if not _ends_when_idle(request):
                return _to_login(request)
            _stay(request)
        return get_response(request)

    return middleware


def _to_login(request: HttpRequest) -> HttpResponse:
    door = reverse("supervision-entrar")
    if is_refresh(request):
        return HttpResponseClientRedirect(door)
    wanted = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("supervision")
    return HttpResponseRedirect(f"{door}?{urlencode({'next': wanted})}")


def refused_to_supervisor(view: SupervisorPage[P]) -> SupervisorPage[P]:
    """A refusal becomes a page that says what happened, with the way back and REINTENTAR where that can help."""

    @wraps(view)
    def shown(request: SupervisorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            again = request.method == "POST" and refused.codigo in RETRYABLE
            contexto = {
                "titulo": "No se hizo" if request.method == "POST" else "No se puede",
                "frases": [refused.frase],
                "volver": _asked_anew(request) if isinstance(refused, VersionConflict) else reverse("supervision"),
                "reintento": posted(request) if again else None,
                "clave": request.POST.get("clave", ""),
            }
            response = render(request, "occupation/rechazo.html", contexto, status=status_of(refused))
            return push_url(response, False)  # noqa: FBT003 - django_htmx's word for "do not"

    return shown


def _asked_anew(request: SupervisorRequest) -> str:
    """The page that asked, with the spool as it is now."""
    named = {name: request.POST[name] for name in ("tag", "operacion") if name in request.POST}
    return f"{request.path}?{urlencode(named)}"


def ask(
    request: SupervisorRequest, template: str, spool: Spool, refused: SolicitudInvalida | None = None, **contexto: Any
) -> HttpResponse:
    """The page between the wish and the deed; a second time with what was wrong, and what was written kept."""
    kept = {"motivo": request.POST.get("motivo", ""), "maximo": MOTIVO_MAXIMO}
    shown = {"spool": spool, "error": refused, **kept, **contexto}
    response = render(request, template, shown, status=status_of(refused) if refused else 200)
    return push_url(response, False) if refused else response  # noqa: FBT003 - django_htmx's word for "do not"


def done(request: SupervisorRequest, mensaje: str, a_donde: str | None = None) -> HttpResponse:
    """Back to the list, which says what was done."""
    messages.success(request, mensaje)
    return HttpResponseRedirect(a_donde or reverse("supervision"))
