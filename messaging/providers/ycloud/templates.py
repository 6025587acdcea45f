"""The templates of a WhatsApp account at YCloud: GET and POST /whatsapp/templates, PATCH …/{waba}/{name}/{language}."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers import base
from messaging.providers.clean import items, mapping, text
from messaging.providers.templates import Found, found_of, named_format
from messaging.providers.ycloud import errors

PAGE, MOST_PAGES = 100, 60
SECONDS = 30.0


class YCloudBook:
    def __init__(self, *, root: str, key: str, phone_number: str, waba_id: str = "") -> None:
        self._root = f"{root}/whatsapp"
        self._headers = {"X-API-Key": key}
        self._phone = phone_number
        self._waba = waba_id

    @classmethod
    def connected(cls, *, config: Mapping[str, Any], secret: base.Secret, endpoints: base.Endpoints) -> "YCloudBook":
        return cls(
            root=endpoints.ycloud,
            key=secret("ycloud", "API_KEY"),
            phone_number=str(config.get("phone_number") or ""),
            waba_id=str(config.get("waba_id") or ""),
        )

    def listed(self) -> list[Found]:
        found: list[Found] = []
        waba = self._account()
        for page in range(1, MOST_PAGES + 1):
            params = {"page": str(page), "limit": str(PAGE), "filter.wabaId": waba}
            listed = items(self._call("GET", "templates", params=params).get("items"))
            found += [one for each in listed if (one := found_of(mapping(each)))]
            if len(listed) < PAGE:
                return found
        raise ProviderError(_("La cuenta tiene demasiadas plantillas."), kind="permanent", code="too_many")

    def submit(self, *, name: str, language: str, category: str, components: list[dict[str, Any]]) -> Found:
        body = {"wabaId": self._account(), "name": name, "language": language, "category": category.upper()}
        answer = self._call("POST", "templates", json=body | _parts(components))
        return found_of({"status": "PENDING"} | answer | {"name": name, "language": language}) or Found(
            name, language, category, "pending", components
        )

    def change(
        self, *, provider_id: str, name: str, language: str, category: str, components: list[dict[str, Any]]
    ) -> Found:
        path = "/".join(quote(part, safe="") for part in (self._account(), name, language))
        self._call("PATCH", f"templates/{path}", json={"category": category.upper()} | _parts(components))
        return Found(name, language, category, "pending", components, provider_id=provider_id)

    # --- the wire ---

    def _account(self) -> str:
        """The account of the number; asked once where the channel's data do not say it."""
        if not self._waba:
            listed = items(self._call("GET", "phoneNumbers", params={"page": "1", "limit": "100"}).get("items"))
            ours = (mapping(each) for each in listed if mapping(each).get("phoneNumber") == self._phone)
            self._waba = text(next(ours, {}).get("wabaId"), 64)
        if not self._waba:
            message = _("El número del canal no está en la cuenta de YCloud.")
            raise ProviderError(message, kind="permanent", code="no_waba")
        return self._waba

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = http.request(method, f"{self._root}/{path}", headers=self._headers, timeout=SECONDS, **more)
        if 200 <= answer.status < 300:
            return mapping(answer.json())
        raise _refusal(answer)


def _parts(components: list[dict[str, Any]]) -> dict[str, Any]:
    # parameterFormat at YCloud is UNVERIFIED; without it names would be refused in any case.
    return {"components": components} | ({"parameterFormat": "NAMED"} if named_format(components) else {})


def _refusal(answer: http.Response) -> ProviderError:
    """What YCloud, or Meta behind it, objects to. Only what Meta says to the person who wrote it takes the place of our words."""
    try:
        error = mapping(mapping(answer.json()).get("error"))
    except ProviderError:
        error = {}
    meta = mapping(error.get("whatsappApiError"))
    if str(meta.get("error_subcode")) in ("2388024", "2388023") or "ALREADY_EXISTS" in str(error.get("code")):
        message = _("Ya hay una plantilla con ese nombre e idioma en WhatsApp.")
        return ProviderError(message, kind="permanent", code="exists")
    verdict = errors.verdict_of(error.get("code"), meta, status=answer.status)
    said = text(meta.get("error_user_msg"), 300)
    words = said if verdict.kind == "permanent" and said else verdict.text
    return ProviderError(words, kind=verdict.kind, code=verdict.code, retry_after=verdict.retry_after)
