"""What the screens post, judged for shape before a service sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from occupation.models.spool import TOMABLES
from occupation.refusals import SolicitudInvalida
from occupation.tags import canonical_tag
from occupation.vocabulary import PIN_DIGITOS, TAG_MAXIMO, TAGS_POR_LOTE, WORKER_ID_MAXIMO, Operacion, Resultado

DAY_FORMATS = ["%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"]
"""How a day is sent by a browser's calendar, and how people write it where there is none."""


class TagsField(forms.Field):
    """One or more tags under one name, each once, in the order they came."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: list[str] | None) -> list[str]:
        return list({canonical_tag(tag): tag for tag in value or () if tag.strip()}.values())

    def validate(self, value: Sequence[str]) -> None:
        if not value:
            raise forms.ValidationError("elija al menos un spool")


class AskedForm(forms.Form):
    """A form that either makes sense or is refused as a whole."""

    def judged(self) -> dict[str, Any]:
        """The cleaned fields. Raises SolicitudInvalida naming every field that is wrong, and what to do."""
        if not self.is_valid():
            wrong = {campo: str(errores[0]) for campo, errores in self.errors.items()}
            raise SolicitudInvalida(wrong | dict.fromkeys(_DE_LA_PAGINA & wrong.keys(), _INCOMPLETA))
        return self.cleaned_data


_DE_LA_PAGINA = frozenset({"trabajador", "clave", "version", "operacion", "resultado", "escrito", "digito"})
"""What the page fills in, not the person: nobody can put it right by writing something else."""
_INCOMPLETA = "la página llegó incompleta: ábrala de nuevo y repita"


class VerboForm(AskedForm):
    """What every verb's form carries: the worker the page showed, the tap's key, the tags."""

    trabajador = forms.IntegerField(min_value=1, max_value=WORKER_ID_MAXIMO)
    clave = forms.CharField(max_length=64)
    tag = TagsField()


class OperacionForm(VerboForm):
    """TOMAR says for which operation; COMPLETAR and CANCELAR name the one the page showed."""

    operacion = forms.ChoiceField(choices=[(op.value, op.label) for op in TOMABLES])

    def clean_tag(self) -> list[str]:
        tags: list[str] = self.cleaned_data["tag"]
        if len(tags) > TAGS_POR_LOTE:
            raise forms.ValidationError(f"son {len(tags)} spools; tome a lo más {TAGS_POR_LOTE} a la vez")
        return tags

    def clean_operacion(self) -> Operacion:
        return Operacion(self.cleaned_data["operacion"])


class TerminarForm(OperacionForm):
    """COMPLETAR and CANCELAR; only COMPLETAR has a day."""

    fecha = forms.DateField(required=False, input_formats=DAY_FORMATS)


class InspeccionarForm(VerboForm):
    """INSPECCIONAR says what was found, and of which spool as the page showed it: another cycle is another question."""

    version = forms.UUIDField(required=False)
    resultado = forms.ChoiceField(choices=Resultado.choices)

    def clean_resultado(self) -> Resultado:
        return Resultado(self.cleaned_data["resultado"])


class SupervisionForm(AskedForm):
    """What a supervisor asks for: the spool as the page showed it, and why. The service judges the reason."""

    tag = forms.CharField(max_length=TAG_MAXIMO)
    version = forms.UUIDField(required=False)
    motivo = forms.CharField(required=False)
    clave = forms.CharField(max_length=64)


class ReabrirForm(SupervisionForm):
    """REABRIR also says which operation."""

    operacion = forms.ChoiceField(choices=Operacion.choices)

    def clean_operacion(self) -> Operacion:
        return Operacion(self.cleaned_data["operacion"])


class CorregirForm(ReabrirForm):
    """CORREGIR also says who did it and on which day; what is empty stays as it is."""

    trabajador = forms.IntegerField(required=False, min_value=1, max_value=WORKER_ID_MAXIMO)
    fecha = forms.DateField(required=False, input_formats=DAY_FORMATS)

    def judged(self) -> dict[str, Any]:
        pedido = super().judged()
        return pedido | {"trabajador_id": pedido.pop("trabajador")}


class EntrarForm(AskedForm):
    """Who steps up to the tablet."""

    trabajador = forms.IntegerField(min_value=1, max_value=WORKER_ID_MAXIMO)


class PinForm(EntrarForm):
    """One tap on the pad: what was typed before it, and the digit; or all digits at once."""

    escrito = forms.RegexField(rf"^[0-9]{{0,{PIN_DIGITOS}}}$", required=False)
    digito = forms.RegexField(r"^[0-9]$", required=False)
    borrar = forms.BooleanField(required=False)

    def typed(self) -> str:
        """What stands on the pad after the tap. Raises like `judged`."""
        pad = self.judged()
        return str(pad["escrito"][:-1] if pad["borrar"] else pad["escrito"] + pad["digito"])[:PIN_DIGITOS]


class PonerPinForm(EntrarForm):
    """A supervisor gives a worker a PIN, typed twice; or lets the worker try the old one again."""

    pin = forms.CharField(required=False, strip=True)
    repetido = forms.CharField(required=False, strip=True)
    abrir = forms.BooleanField(required=False)
