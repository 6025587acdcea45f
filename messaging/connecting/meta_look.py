"""What an account at Meta has that may become a channel: numbers, pages, Instagram accounts. Told on the sign-in, never a token."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import ProviderError
from messaging.connecting.meta_wire import Account, App, Token, inspect, long_lived
from messaging.models import MetaLogin, Source
from messaging.providers.clean import identifier, mapping, text

SHORT = timedelta(days=30)  # a token that ends sooner is exchanged for one of sixty days
MANAGE = "whatsapp_business_management"
Thing = dict[str, Any]


@dataclass
class Seen:
    """`page_tokens`: page id → its own token. `missing`: scopes that the person did not grant."""

    token: Token
    things: list[Thing]
    missing: list[str]
    page_tokens: dict[str, str] = field(default_factory=dict, repr=False)
    says: str = ""


def look(app: App, login: MetaLogin, *, direct: bool, needed: tuple[str, ...]) -> Seen:
    """A token that lasts, and all that it may be used for. Raises ProviderError when Meta says no to the token itself."""
    if direct:
        return _look_direct(app, login, needed)
    token = Token(login.token, login.token_expires_at)
    known = inspect(app, token.value)
    if not known.is_valid:
        raise ProviderError(_("Meta ya no acepta ese permiso. Conectar de nuevo."), kind="auth", code="190")
    until = known.expires_at
    if until is not None and until < timezone.now() + SHORT:
        token = long_lived(app, token.value)
        known = inspect(app, token.value)
        until = known.expires_at
    token = Token(token.value, until)
    missing = [each for each in needed if each not in known.scopes]
    account = Account(token.value, app=app)
    if login.channel_source == Source.WHATSAPP:
        things, says = _numbers(account, known.targets.get(MANAGE, ()))
        return Seen(token, things, missing, says=says)
    pages = account.pages()
    tokens = {identifier(each.get("id")): text(each.get("access_token")) for each in pages}
    made = map(_page if login.channel_source == Source.FACEBOOK else _instagram, pages)
    return Seen(token, [each for each in made if each], missing, page_tokens={k: v for k, v in tokens.items() if v})


def _look_direct(app: App, login: MetaLogin, needed: tuple[str, ...]) -> Seen:
    token = Token(login.token, login.token_expires_at)
    if token.expires_at is None or token.expires_at < timezone.now() + SHORT:
        token = long_lived(app, token.value, instagram=True)
    found = Account(token.value, instagram=True).me()
    granted = next((each.get("name", "") for each in login.found if each.get("kind") == "granted"), "")
    missing = [each for each in needed if granted and each not in granted.split(",")]
    thing = _thing("instagram", found.get("user_id") or found.get("id"), found.get("username") or found.get("name"))
    return Seen(token, [thing] if thing else [], missing)


def _numbers(account: Account, accounts: tuple[str, ...]) -> tuple[list[Thing], str]:
    """Of every WhatsApp account; one that cannot be read does not hide the others."""
    things: list[Thing] = []
    says = ""
    for waba in accounts or account.whatsapp_accounts():
        try:
            rows = account.numbers(waba)
        except ProviderError as error:
            if error.kind == "auth" and error.code == "190":
                raise
            says = _("No se pudo leer la cuenta de WhatsApp %(id)s: %(why)s") % {"id": waba, "why": error.message}
            continue
        things += [each for each in (_number(row, waba) for row in rows) if each]
    return things, says


def _number(row: Thing, waba: str) -> Thing | None:
    shown = text(row.get("display_phone_number"), 40)
    thing = _thing("number", row.get("id"), row.get("verified_name") or shown, detail=shown)
    if thing is None:
        return None
    both = row.get("is_on_biz_app") is True
    cloud = text(row.get("platform_type")) == "CLOUD_API" and text(row.get("status")) == "CONNECTED"
    quality = text(row.get("quality_rating"), 20).upper()
    return {**thing, "waba": waba, "quality": quality, "coexistence": both, "registered": both or cloud}


def _page(row: Thing) -> Thing | None:
    return _thing("page", row.get("id"), row.get("name"))


def _instagram(row: Thing) -> Thing | None:
    """The Instagram account of a page; a page without one is nothing here."""
    given = mapping(row.get("instagram_business_account"))
    thing = _thing("instagram", given.get("id"), given.get("username") or row.get("name"), detail=row.get("name"))
    return {**thing, "page": identifier(row.get("id"))} if thing else None


def _thing(kind: str, key: object, name: object, *, detail: object = "") -> Thing | None:
    pk = identifier(key)
    return {"kind": kind, "id": pk, "name": text(name, 100) or pk, "detail": text(detail, 100)} if pk else None


# --- on the sign-in --------------------------------------------------------------------------------------------
def note(pk: UUID, *, says: str) -> None:
    """It did not work, and why."""
    login = MetaLogin.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if login is not None:
        _looked(login, [], says, [])
        login.save(update_fields=["found"])


def keep(pk: UUID, seen: Seen) -> None:
    login = MetaLogin.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if login is not None:
        _looked(login, seen.things, seen.says, seen.missing)
        login.token, login.token_expires_at = seen.token.value, seen.token.expires_at
        login.page_tokens = json.dumps(seen.page_tokens)
        login.save(update_fields=["found", "token", "token_expires_at", "page_tokens"])


def _looked(login: MetaLogin, things: list[Thing], says: str, missing: list[str]) -> None:
    kept = [each for each in login.found if each.get("kind") in ("way", "granted")]
    login.found = [*kept, {"kind": "looked", "id": "", "name": says[:300], "missing": missing}, *things]
