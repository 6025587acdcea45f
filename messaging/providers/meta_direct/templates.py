"""The templates of a WhatsApp account at Meta: GET and POST /{waba}/message_templates."""

import mimetypes
from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers import base
from messaging.providers.clean import identifier, items, mapping, text
from messaging.providers.meta_direct import errors, signature
from messaging.providers.templates import Found, found_of, named_format, state_of

PAGE, MOST_PAGES = 100, 60  # an account may have 6,000 templates with their languages (Meta, "Templates", 2025)
SECONDS = 30.0
FIELDS = "id,name,language,status,category,components,quality_score,rejected_reason"
#: subcodes of "Content in this language already exists"
EXISTS = (2388024, 2388023)
MAX_SAMPLE_BYTES = 16 * 1024 * 1024


class MetaBook:
    def __init__(self, *, root: str, waba_id: str, token: str, app_id: str = "", app_secret: str = "") -> None:
        """`app_secret` proves the calls, which an app may be set to demand."""
        self._root = root
        self._waba = waba_id
        self._token = token
        self._app = app_id
        self._headers = {"Authorization": f"Bearer {token}"}
        self._proof = signature.proof(app_secret, token)

    @classmethod
    def connected(cls, *, config: Mapping[str, Any], secret: base.Secret, endpoints: base.Endpoints) -> "MetaBook":
        waba_id = str(config.get("waba_id") or "")
        if not waba_id:
            message = _("Falta el identificador de la cuenta de WhatsApp en los datos del canal.")
            raise ProviderError(message, kind="permanent", code="no_waba")
        token = secret("whatsapp_cloud", "ACCESS_TOKEN")
        root = f"{endpoints.graph}/{endpoints.graph_version}"
        return cls(
            root=root,
            waba_id=waba_id,
            token=token,
            app_id=secret("meta", "APP_ID", ""),
            app_secret=secret("meta", "APP_SECRET", ""),
        )

    def listed(self) -> list[Found]:
        found: list[Found] = []
        after = ""
        for _page in range(MOST_PAGES):
            params = {"fields": FIELDS, "limit": str(PAGE), **self._proof} | ({"after": after} if after else {})
            answer = http.request("GET", self._url(), headers=self._headers, params=params, timeout=SECONDS)
            errors.raise_for(answer)
            body = mapping(answer.json())
            found += [one for each in items(body.get("data")) if (one := found_of(mapping(each)))]
            paging = mapping(body.get("paging"))
            # `next` is an address with the token in it; the cursor says the same.
            after = text(mapping(paging.get("cursors")).get("after"), 500) if paging.get("next") else ""
            if not after:
                return found
        message = _("La cuenta tiene demasiadas plantillas.")
        raise ProviderError(message, kind="permanent", code="too_many")

    def submit(self, *, name: str, language: str, category: str, components: list[dict[str, Any]]) -> Found:
        body = {"name": name, "language": language, "category": category.upper()}
        answer = self._post(self._url(), body | self._parts(components))
        return Found(
            name=name,
            language=language,
            category=text(answer.get("category"), 20).lower() or category,
            state=state_of(answer.get("status") or "PENDING"),
            components=components,
            provider_id=identifier(answer.get("id"))[:64],
        )

    def change(
        self, *, provider_id: str, name: str, language: str, category: str, components: list[dict[str, Any]]
    ) -> Found:
        url = f"{self._root}/{quote(provider_id, safe='')}"
        self._post(url, {"category": category.upper()} | self._parts(components))
        return Found(name, language, category, "pending", components, provider_id=provider_id)

    # --- the wire ---

    def _url(self) -> str:
        return f"{self._root}/{quote(self._waba, safe='')}/message_templates"

    def _parts(self, components: list[dict[str, Any]]) -> dict[str, Any]:
        made = deepcopy(components)
        for part in made:
            links = mapping(part.get("example")).get("header_url")
            if links:
                part["example"] = {"header_handle": [self._upload(str(links[0]))]}
        return {"components": made} | ({"parameter_format": "NAMED"} if named_format(made) else {})

    def _post(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = http.request("POST", url, headers=self._headers, params=self._proof, json=dict(body), timeout=SECONDS)
        try:
            errors.raise_for(answer)
        except ProviderError as error:
            told = _told(answer)
            if _subcode(answer) in EXISTS:
                message = _("Ya hay una plantilla con ese nombre e idioma en WhatsApp.")
                raise ProviderError(message, kind="permanent", code="exists") from error
            if error.kind == "permanent" and told:
                raise ProviderError(told, kind="permanent", code=error.code) from error
            raise
        return mapping(answer.json())

    def _upload(self, link: str) -> str:
        """A handle for the sample file of a header: Meta wants it uploaded in the name of an app."""
        if not self._app:
            message = _("Para una plantilla con archivo hace falta la credencial meta/APP_ID.")
            raise ProviderError(message, kind="permanent", code="no_app")
        file = http.request("GET", link, timeout=SECONDS, max_bytes=MAX_SAMPLE_BYTES, follow=True)
        if file.status != 200:
            raise ProviderError(_("No se pudo leer el archivo de ejemplo."), kind="permanent", code="sample")
        named = mimetypes.guess_type(link.partition("?")[0])[0] or "application/octet-stream"
        mime = file.headers.get("content-type", named).partition(";")[0].strip()
        params = {"file_length": str(len(file.content)), "file_type": mime, **self._proof}
        started = http.request(
            "POST", f"{self._root}/{quote(self._app, safe='')}/uploads", headers=self._headers, params=params
        )
        errors.raise_for(started)
        session = text(mapping(started.json()).get("id"), 2000)
        headers = {"Authorization": f"OAuth {self._token}", "file_offset": "0"}
        url = f"{self._root}/{quote(session, safe=':?=&')}"
        done = http.request("POST", url, headers=headers, params=self._proof, data=file.content, timeout=SECONDS)
        errors.raise_for(done)
        handle = text(mapping(done.json()).get("h"), 5000)
        if not handle:
            raise ProviderError(_("WhatsApp no recibió el archivo de ejemplo."), kind="retry", code="no_handle")
        return handle


def _error(answer: http.Response) -> dict[str, Any]:
    try:
        return mapping(mapping(answer.json()).get("error"))
    except ProviderError:
        return {}


def _told(answer: http.Response) -> str:
    """What Meta says to the person who wrote it, in their language."""
    error = _error(answer)
    said = " ".join(filter(None, (text(error.get(key), 200) for key in ("error_user_title", "error_user_msg"))))
    return said or text(mapping(error.get("error_data")).get("details"), 300)


def _subcode(answer: http.Response) -> int:
    given = _error(answer).get("error_subcode")
    return given if isinstance(given, int) else 0
