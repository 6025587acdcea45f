"""Services of a company's own as tools: made, changed, tried, removed. What is saved is safe to call."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from agents.domain.service_call import (
    CONTACT_FACTS,
    METHODS,
    SECRET_NAME,
    holes,
    holes_of,
    odd_holes,
    origin_is_fixed,
)
from agents.models import Tool as Row
from agents.services.tools import agents_by_tool, service_of, text_problems
from agents.tools import TOOLS
from agents.tools.http import CATEGORY, IDEMPOTENCY, LONGEST_SECONDS, origin
from config.lib.errors import Conflict, Invalid, NotFound
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.models import Credential
from tenants.services.audit import record
from tenants.services.vault import checked, put_credential, remove_credential

NAME = re.compile(r"[a-z0-9_]{1,64}")
RESERVED = frozenset({"nueva"})  # an address among the pages of tools
ARGUMENT = re.compile(r"[a-z][a-z0-9_]{0,39}")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}")
OURS = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "te", "trailer", "upgrade", "expect", "via"}
    | {"proxy-authorization", "accept-encoding", IDEMPOTENCY.lower()}
)
# What would hold a secret; written out it would be saved in clear.
SECRET_HEADER = re.compile(r"authorization|cookie|key|token|secret|password|signature|clave|credential", re.IGNORECASE)
SECRET_IN_QUERY = re.compile(
    r"(?:^|[^a-z])(?:(?:api|access|auth|secret|private)?key|(?:\w*_)?(?:token|secret|password|passwd|pwd|signature|sig|clave|auth))(?:$|[^a-z])",
    re.IGNORECASE,
)
MOST_ARGUMENTS, MOST_HEADERS, DEEPEST = 20, 20, 5
LONGEST_SCHEMA = LONGEST_BODY = 8000
LONGEST_HEADER = 1000
# Who is acted on is known by the server. A model that may name it could name somebody else.
IDENTITY = re.compile(
    r"(?:.*_)?(?:contact|contacto|conversation|conversacion|tenant|company|empresa|lead|user|usuario|chat)_?id|"
    r"(?:.*_)?(?:phone|telefono|tel|celular|whatsapp|movil|mobile)(?:_.*)?|id|pk|tenant|contact|contacto|conversation|conversacion"
)
NOT_IN_SCHEMAS = frozenset({"$ref", "$dynamicRef", "$id", "$anchor", "$dynamicAnchor", "pattern", "patternProperties"})
OWN_FIELDS = ("label", "description", "prompt_injection", "response_guide", "confirmation", "is_active", "parameters")
OF_CONFIG = ("method", "headers", "body", "response_path", "timeout")
FIELDS = (*OWN_FIELDS, *OF_CONFIG, "service_url")


@sensitive_variables("secrets")
def create_tool(*, name: str, by: Actor, secrets: Mapping[str, str] | None = None, **fields: Any) -> Row:
    """A new service of the entered company's. Raises Invalid with what is wrong by field."""
    row = Row(name=str(name).strip(), kind=Row.Kind.HTTP, config={"method": "GET", "timeout": 10})
    _assign(row, fields)
    wrong = (_name_problems(row.name) | _problems(row)) or _secret_problems(row, secrets or {})
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=wrong)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        taken = _("Ya hay una herramienta con ese nombre.")
        raise Invalid(taken, fields={"name": taken}) from error
    _store(row, secrets or {}, by)
    record(action="tool.created", resource=row, by=by, diff={"name": row.name})
    return row


@sensitive_variables("secrets")
def update_tool(*, row: Row, by: Actor, secrets: Mapping[str, str] | None = None, **fields: Any) -> Row:
    """Change a service; its name stays, for agents know it by that. A new server wants its secrets anew. Raises Invalid."""
    found = Row.objects.select_for_update(no_key=True).filter(pk=row.pk, kind=Row.Kind.HTTP).first()
    if found is None:
        raise NotFound(_("Esa herramienta no existe."))
    before = (*(getattr(found, name) for name in OWN_FIELDS), found.service_url, dict(found.config))
    _assign(found, fields)
    wrong = _problems(found) or _secret_problems(found, secrets or {})
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=wrong)
    _store(found, secrets or {}, by)
    if before != (*(getattr(found, name) for name in OWN_FIELDS), found.service_url, found.config):
        record(action="tool.updated", resource=found, by=by, diff={"name": found.name, "fields": sorted(fields)})
    return found


def remove_tool(*, row: Row, by: Actor) -> None:
    """A service that no agent has any more, and its secrets. Its calls stay. Raises Conflict."""
    users = agents_by_tool().get(row.name)
    if users:
        raise Conflict(_("La usan: %(names)s. Antes hay que quitarla de ahí.") % {"names": ", ".join(users)})
    for name in stored_secrets(row):
        remove_credential(category=CATEGORY, name=f"{name}@{row.pk}", by=by)
    record(action="tool.removed", resource=row, by=by, diff={"name": row.name})
    row.delete()


def stored_secrets(row: Row) -> list[str]:
    """Names of the secrets that the vault has for this tool."""
    found = Credential.objects.filter(
        tenant_id=current_tenant().pk, category=CATEGORY, name__endswith=f"@{row.pk}"
    ).values_list("name", flat=True)
    return sorted(name.partition("@")[0] for name in found)


def _assign(row: Row, fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    config = dict(row.config)
    for name, value in fields.items():
        value = value.replace("\x00", "").strip() if isinstance(value, str) else value
        if name in OF_CONFIG:
            config[name] = value
        else:
            setattr(row, name, value)
    row.config = config
    row.writes = config.get("method") != "GET"


@sensitive_variables("secrets", "value")
def _store(row: Row, secrets: Mapping[str, str], by: Actor) -> None:
    """The row with the server to which each of its secrets may go; secrets that it no longer names are forgotten."""
    used = holes_of(service_of(row))["secreto"]
    bound = {name: server for name, server in (row.config.get("bound") or {}).items() if name in used}
    for name, value in secrets.items():
        put_credential(category=CATEGORY, name=f"{name}@{row.pk}", value=value, by=by)
        bound[name] = origin(row.service_url)
    row.config = {**row.config, "bound": bound}
    row.save()
    for name in stored_secrets(row):
        if name not in used:
            remove_credential(category=CATEGORY, name=f"{name}@{row.pk}", by=by)


# --- what is wrong -------------------------------------------------------------------------------------------
def _name_problems(name: str) -> dict[str, str]:
    if not NAME.fullmatch(name):
        return {"name": _("El nombre lleva letras minúsculas sin acento, números y guión bajo, hasta 64.")}
    if name in TOOLS or name in RESERVED:
        return {"name": _("Ese nombre ya lo usa la plataforma.")}
    if Row.objects.filter(name=name).exists():
        return {"name": _("Ya hay una herramienta con ese nombre.")}
    return {}


def _problems(row: Row) -> dict[str, str]:
    wrong = text_problems(row)
    if not 1 <= len(str(row.label)) <= 120:
        wrong["label"] = _("El título lleva de 1 a 120 letras.")
    if not 10 <= len(str(row.description)) <= 1000:
        wrong["description"] = _("Decir qué hace, en 10 a 1.000 letras: por eso la elige el agente.")
    if row.config.get("method") not in METHODS:
        wrong["method"] = _("El método es GET, POST, PUT, PATCH o DELETE.")
    elif row.config["method"] == "GET":
        row.confirmation = "none"
        if row.config.get("body") is not None:
            wrong["body"] = _("Una consulta (GET) no lleva cuerpo.")
    wrong |= _address_problems(row.service_url) | _config_problems(row.config) | schema_problems(row.parameters)
    return wrong if wrong else _hole_problems(row)


def _address_problems(url: str) -> dict[str, str]:
    if len(url) > 500 or not origin(url) or not origin_is_fixed(url):
        return {"service_url": _("Va una dirección completa, con el servidor escrito: https://servidor/camino.")}
    if "#" in url:
        return {"service_url": _("La dirección va sin #.")}
    for name, value in parse_qsl(urlsplit(url).query):
        if SECRET_IN_QUERY.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)) and not any(holes(value).values()):
            return {"service_url": _in_clear(name)}
    if url.lower().startswith("http:") and not settings.ALLOW_PRIVATE_PROVIDER_URLS:
        return {"service_url": _("La dirección tiene que empezar con https.")}
    return {}


def _config_problems(config: Mapping[str, Any]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    headers = config.get("headers") or {}
    if not isinstance(headers, dict) or len(headers) > MOST_HEADERS:
        wrong["headers"] = _("Las cabeceras son hasta 20, cada una con su valor.")
    else:
        for name, value in headers.items():
            if not HEADER.fullmatch(str(name)) or name.lower() in OURS:
                wrong["headers"] = _("La cabecera «%(name)s» no se puede poner.") % {"name": str(name)[:40]}
            elif not isinstance(value, str) or len(value) > LONGEST_HEADER or not value.isprintable():
                wrong["headers"] = _("El valor de «%(name)s» no sirve.") % {"name": name}
            elif SECRET_HEADER.search(name) and value and not holes(value)["secreto"]:
                wrong["headers"] = _in_clear(name)
    body = config.get("body")
    if body is not None and (not isinstance(body, dict | list) or len(json.dumps(body)) > LONGEST_BODY):
        wrong["body"] = _("El cuerpo es un objeto o una lista JSON de hasta 8.000 letras.")
    timeout: Any = config.get("timeout")
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 1 <= timeout <= LONGEST_SECONDS:
        wrong["timeout"] = _("La espera va de 1 a 20 segundos.")
    path = config.get("response_path") or ""
    if not isinstance(path, str) or len(path) > 200:
        wrong["response_path"] = _("La parte de la respuesta se escribe así: datos.0.precio.")
    return wrong


def _in_clear(name: str) -> str:
    words = _(
        "«%(name)s» lleva una clave: va como {{secreto.CLAVE}}, y su valor entre las claves, que se guardan cifradas."
    )
    return words % {"name": name[:40]}


def schema_problems(schema: Any) -> dict[str, str]:
    """Of the arguments: a closed, small, self-contained JSON Schema whose names are no identities."""
    wrong = _schema_problem(schema)
    return {"parameters": wrong} if wrong else {}


def _schema_problem(schema: Any) -> str:
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return _("Los argumentos son un objeto (JSON Schema de tipo object).")
    try:
        if len(json.dumps(schema)) > LONGEST_SCHEMA or _depth(schema) > DEEPEST * 2:
            return _("La lista de argumentos es demasiado larga.")
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError, TypeError, ValueError):
        return _("Los argumentos no son un JSON Schema válido (2020-12).")
    properties = schema.get("properties") or {}
    if schema.get("additionalProperties") is not False or set(schema.get("required") or []) - set(properties):
        return _("Los argumentos tienen que ser una lista cerrada (additionalProperties: false).")
    if len(properties) > MOST_ARGUMENTS:
        return _("Son hasta 20 argumentos.")
    used = _keywords(schema) & NOT_IN_SCHEMAS
    if used:
        return _("Los argumentos no pueden usar %(names)s.") % {"names": ", ".join(sorted(used))}
    for name in properties:
        if not ARGUMENT.fullmatch(name):
            return _("El argumento «%(name)s» lleva minúsculas, números y guión bajo.") % {"name": name[:40]}
        if IDENTITY.fullmatch(name):
            words = _(
                "«%(name)s» no lo dice el modelo: quien escribe se pone con {{contacto.telefono}}, nombre o email."
            )
            return words % {"name": name}
    return ""


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(each) for each in children), default=0)


def _keywords(schema: Any) -> set[str]:
    """Every name of an object in the schema, arguments' names included: those begin with a letter and are no keyword."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        inner = {name: each for name, each in schema.items() if name != "properties"}
        return set(inner).union(*map(_keywords, inner.values()), *map(_keywords, (properties or {}).values()))
    return set().union(*map(_keywords, schema)) if isinstance(schema, list) else set()


def _hole_problems(row: Row) -> dict[str, str]:
    """What stands in braces and would stay there."""
    service = service_of(row)
    found = holes_of(service)
    names = set(row.parameters.get("properties") or {})
    odd = odd_holes(service.url, dict(service.headers), service.body)
    if odd:
        return {
            "service_url": _("No se entiende %(text)s: van {{secreto.CLAVE}} o {{contacto.nombre}}.") % {"text": odd[0]}
        }
    if found["argumento"] - names:
        missing = ", ".join(sorted(found["argumento"] - names))
        return {"parameters": _("Falta definir el argumento: %(names)s.") % {"names": missing}}
    if found["contacto"] - set(CONTACT_FACTS):
        return {"service_url": _("Del contacto se puede usar nombre, telefono y email.")}
    wrong = [name for name in found["secreto"] if not SECRET_NAME.fullmatch(name)]
    if wrong:
        return {"secrets": _("La clave «%(name)s» va en mayúsculas.") % {"name": wrong[0]}}
    return {}


@sensitive_variables("secrets")
def _secret_problems(row: Row, secrets: Mapping[str, str]) -> dict[str, str]:
    """Every secret that the tool names was saved for the server it would go to. For a row that is otherwise right."""
    used = holes_of(service_of(row))["secreto"]
    needless = sorted(set(secrets) - used)
    if needless:
        return {"secrets": _("La clave «%(name)s» no se usa en ningún lado.") % {"name": str(needless[0])[:40]}}
    bound = row.config.get("bound") or {}
    stale = sorted(name for name in used - set(secrets) if bound.get(name) != origin(row.service_url))
    if stale:
        words = _("Escribir la clave %(names)s: se guarda para este servidor y no va a ningún otro.")
        return {"secrets": words % {"names": ", ".join(stale)}}
    for name, value in secrets.items():
        try:
            checked(CATEGORY, name, value)
        except Invalid as error:
            return {"secrets": f"{name}: {error.fields.get('value') or error.message}"}
    return {}
