"""Doors through which leads come in: public forms, and addresses for other systems with a token of their own."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import Conflict, Invalid, NotFound, Text
from config.lib.ids import key_of
from config.lib.texts import storable, stored
from crm.domain import form_fields as shapes
from crm.models import Consent, CustomField, InboundForm, Submission
from crm.services import tags
from tenants.domain.actor import Actor
from tenants.services.audit import record

TOKEN_BYTES = 32
LABELS = {
    "name": gettext_lazy("Nombre y apellido"),
    "phone": gettext_lazy("Teléfono"),
    "email": gettext_lazy("Correo"),
    "city": gettext_lazy("Ciudad"),
    "message": gettext_lazy("Mensaje"),
    shapes.EXTERNAL_ID: gettext_lazy("Identificador en el otro sistema"),
    shapes.CONSENT: gettext_lazy("Consentimiento"),
}
MOST_FORMS = 200
MOST_FIELDS = 40
MOST_DOMAINS = 20
TEXTS = {"name": 120, "title": 160, "intro": 500, "thanks": 500, "source": 60, "consent_text": 500}
EDITABLE = frozenset({*TEXTS, "slug", "fields", "tags", "pipeline", "owner", "allowed_domains", "is_active"})
_HOST = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::\d{1,5})?")


def listed() -> QuerySet[InboundForm]:
    """Every door with `last_at` and `last_state` of what came through it last."""
    last = Submission.objects.filter(form=OuterRef("pk")).order_by("-at", "-id")
    return InboundForm.objects.annotate(
        last_at=Subquery(last.values("at")[:1]), last_state=Subquery(last.values("state")[:1])
    )


def form_for(pk: object) -> InboundForm:
    form = InboundForm.objects.select_related("pipeline", "owner").filter(pk=key_of(pk)).first()
    if form is None:
        raise NotFound(_("Ese formulario no existe."))
    return form


def open_form(slug: str, kind: str) -> InboundForm | None:
    """The door at this address, if it is open."""
    rows = InboundForm.objects.select_related("pipeline", "owner")
    return rows.filter(slug=slug, kind=kind, is_active=True).first()


def create_form(*, kind: str, name: str, by: Actor, **more: Any) -> tuple[InboundForm, str]:
    """The new door and, of one for another system, its token: it is never shown again."""
    if kind not in InboundForm.Kind.values:
        raise Invalid(_("Elegir el tipo."), fields={"kind": _("Valor desconocido.")})
    if InboundForm.objects.count() >= MOST_FORMS:
        raise Conflict(_("Ya hay %(n)d formularios.") % {"n": MOST_FORMS}, code="too_many")
    form = InboundForm(kind=kind)
    slug = more.pop("slug", "") or _free_slug(name)
    _assign(form, {"name": name, "slug": slug, **more})
    token = _give_token(form) if kind == InboundForm.Kind.WEBHOOK else ""
    form.save(force_insert=True)
    record(action="form.created", resource=form, by=by, diff={"name": form.name, "kind": kind})
    return form, token


def update_form(*, form: InboundForm, by: Actor, **changes: Any) -> InboundForm:
    before = {name: getattr(form, name) for name in changes if name in EDITABLE}
    _assign(form, changes)
    changed = sorted(name for name, old in before.items() if getattr(form, name) != old)
    if changed:
        form.save(update_fields=changed)
        record(action="form.updated", resource=form, by=by, diff={"fields": changed})
    return form


def renew_token(*, form: InboundForm, by: Actor) -> str:
    """Another token, shown this once; the one before opens nothing from now on."""
    if form.kind != InboundForm.Kind.WEBHOOK:
        raise Invalid(_("Un formulario público no lleva clave."))
    token = _give_token(form)
    form.save(update_fields=["token_hash", "token_last4"])
    record(action="form.token_renewed", resource=form, by=by)
    return token


def remove_form(*, form: InboundForm, by: Actor) -> None:
    """The door and the record of what came through it; people and leads stay."""
    record(action="form.removed", resource=form, by=by, diff={"name": form.name})
    form.delete()


def token_fits(form: InboundForm, token: str) -> bool:
    return bool(form.token_hash) and hmac.compare_digest(_digest(token), form.token_hash)


def _give_token(form: InboundForm) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    form.token_hash, form.token_last4 = _digest(token), token[-4:]
    return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _free_slug(name: str) -> str:
    stem = slugify(name)[:50] or "formulario"
    taken = set(InboundForm.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(each for each in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if each not in taken)


# --- checking ----------------------------------------------------------------------------------------------------


def _assign(form: InboundForm, changes: Mapping[str, Any]) -> None:
    unknown = set(changes) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    wrong: dict[str, Text] = {}
    for name, value in changes.items():
        try:
            setattr(form, name, _checked(form, name, value))
        except Invalid as error:
            wrong |= {name: error.message}
    if not wrong and "slug" in changes and InboundForm.objects.filter(slug=form.slug).exclude(pk=form.pk).exists():
        message = _("Ya hay otro formulario en esa dirección.")
        raise Conflict(message, code="duplicate_form", fields={"slug": message})
    if _asks_consent(form.fields) and not form.consent_text and not wrong:
        wrong["consent_text"] = _("Falta el texto que se acepta.")
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=wrong)


def _checked(form: InboundForm, name: str, value: Any) -> Any:
    if name in TEXTS:
        text = stored(str(value)).strip()
        if len(text) > TEXTS[name]:
            raise Invalid(_("Hasta %(most)s letras.") % {"most": TEXTS[name]})
        if name == "name" and not text:
            raise Invalid(_("Falta el nombre."))
        return text
    if name == "slug":
        if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?", str(value)):
            raise Invalid(_("La dirección lleva minúsculas, números y guiones."))
        return value
    if name == "fields":
        return fields_of(form.kind, value)
    if name == "tags":
        return tags.clean(value)
    if name == "allowed_domains":
        return _domains(value)
    return value


def fields_of(kind: str, value: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a door asks for, checked: [{"name", "required"}], of a webhook also "path", of the consent also "purpose"."""
    if len(value) > MOST_FIELDS:
        raise Invalid(_("Hasta %(n)d campos.") % {"n": MOST_FIELDS})
    own = set(CustomField.objects.filter(is_active=True).values_list("on", "key"))
    found: dict[str, dict[str, Any]] = {}
    for each in value:
        name = each.get("name")
        if not isinstance(name, str) or not shapes.is_name(name):
            raise Invalid(_("No hay ningún campo «%(name)s».") % {"name": str(name)[:60]})
        if (key := shapes.own_field(name)) is not None and key not in own:
            raise Invalid(_("No hay ningún campo activo «%(name)s».") % {"name": name})
        found[name] = {"name": name, "required": bool(each.get("required"))} | _more(kind, name, each)
    if kind == InboundForm.Kind.FORM and not {"phone", "email"} & set(found):
        raise Invalid(_("El formulario tiene que pedir el teléfono o el correo."))
    return list(found.values())


def _more(kind: str, name: str, each: Mapping[str, Any]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if kind == InboundForm.Kind.WEBHOOK and each.get("path"):
        path = str(each["path"]).strip()
        if not shapes.PATH.fullmatch(path) or not storable(path):
            raise Invalid(_("No se entiende dónde está «%(name)s» en el mensaje.") % {"name": name})
        more["path"] = path
    if name == shapes.CONSENT:
        purpose = str(each.get("purpose") or Consent.Purpose.FOLLOW_UP)
        if purpose not in Consent.Purpose.values:
            raise Invalid(_("Ese motivo no existe."))
        more["purpose"] = purpose
    return more


def _asks_consent(fields: Sequence[Mapping[str, Any]]) -> bool:
    return any(each["name"] == shapes.CONSENT for each in fields)


def _domains(value: Iterable[str]) -> list[str]:
    found = []
    for each in value:
        host = re.sub(r"^https?://", "", str(each).strip().lower()).split("/")[0]
        if not host:
            continue
        try:
            host = host if host.isascii() else host.encode("idna").decode()
        except UnicodeError as error:
            raise Invalid(_("«%(host)s» no es un sitio.") % {"host": host[:60]}) from error
        if not _HOST.fullmatch(host):
            raise Invalid(_("«%(host)s» no es un sitio. Por ejemplo: www.empresa.com.") % {"host": host[:60]})
        found.append(host)
    if len(found) > MOST_DOMAINS:
        raise Invalid(_("Hasta %(n)d sitios.") % {"n": MOST_DOMAINS})
    return list(dict.fromkeys(found))
