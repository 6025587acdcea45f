"""Calls before there is a channel: whose token it is, which inboxes they see, and the account's webhook to us."""

from dataclasses import dataclass, field
from typing import Any

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers.chatwoot import errors
from messaging.providers.clean import identifier, items, mapping, text

SECONDS = 10.0
MOST_ACCOUNTS = 5
#: what we ask the account to tell us
EVENTS = ("message_created", "message_updated", "conversation_status_changed")
#: Chatwoot's kind of inbox → ours
SOURCES = {
    "Channel::Whatsapp": "whatsapp",
    "Channel::Instagram": "instagram",
    "Channel::FacebookPage": "facebook",
    "Channel::WebWidget": "web",
    "Channel::Api": "web",
}


@dataclass(frozen=True)
class Inbox:
    """`source` is empty for what we cannot serve: mail, SMS, Telegram…"""

    account_id: str
    account: str
    inbox_id: str
    name: str
    source: str


@dataclass(frozen=True)
class Account:
    """A server and a person's token. Raises `ProviderError` with words for whoever connects it."""

    base_url: str
    token: str = field(repr=False)

    def inboxes(self) -> list[Inbox]:
        """Every inbox that the person sees, of at most five accounts."""
        found = []
        for one in items(self._call("GET", "profile").get("accounts"))[:MOST_ACCOUNTS]:
            account = mapping(one)
            number = identifier(account.get("id"))
            if not number.isdecimal():
                continue
            listed = items(self._call("GET", f"accounts/{number}/inboxes").get("payload"))
            found += [_inbox(number, text(account.get("name"), 120), mapping(each)) for each in listed[:200]]
        return [each for each in found if each.inbox_id.isdecimal()]

    def subscribe(self, account_id: str, address: str) -> str:
        """Have the account tell `address` what happens; the secret it signs with, "" of versions that do not sign.

        Repeatable: an address that is known already stays one webhook.
        """
        path = f"accounts/{account_id}/webhooks"
        mine = self._webhook(path, address)
        body = {"url": address, "subscriptions": list(EVENTS)}
        if mine is None:
            made = self._call("POST", path, json=body)
        elif set(EVENTS) <= {text(each) for each in items(mine.get("subscriptions"))}:
            return text(mine.get("secret"), 200)
        else:
            made = self._call("PATCH", f"{path}/{identifier(mine.get('id'))}", json=body)
        hook = mapping(mapping(made.get("payload")).get("webhook"))
        return text(hook.get("secret"), 200)

    def unsubscribe(self, account_id: str, address: str) -> None:
        """Have the account no longer tell `address`; repeatable."""
        path = f"accounts/{account_id}/webhooks"
        mine = self._webhook(path, address)
        if mine is not None:
            errors.raise_for(self._ask("DELETE", f"{path}/{identifier(mine.get('id'))}"))

    def _webhook(self, path: str, address: str) -> dict[str, Any] | None:
        known = items(mapping(self._call("GET", path).get("payload")).get("webhooks"))
        return next((mapping(one) for one in known if mapping(one).get("url") == address), None)

    def _ask(self, method: str, path: str, **more: Any) -> http.Response:
        url = f"{self.base_url.rstrip('/')}/api/v1/{path}"
        return http.request(method, url, headers={"api_access_token": self.token}, timeout=SECONDS, **more)

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self._ask(method, path, **more)
        if answer.status == 404 and path == "profile":
            raise ProviderError(str(errors.NOT_CHATWOOT), kind="permanent", code="not_chatwoot")
        errors.raise_for(answer)
        try:
            return mapping(answer.json())
        except ProviderError:
            raise ProviderError(str(errors.NOT_CHATWOOT), kind="permanent", code="not_chatwoot") from None


def _inbox(account_id: str, account: str, given: dict[str, Any]) -> Inbox:
    kind = text(given.get("channel_type"), 60)
    source = SOURCES.get(kind, "")
    if kind == "Channel::TwilioSms" and given.get("medium") == "whatsapp":
        source = "whatsapp"
    return Inbox(account_id, account, identifier(given.get("id")), text(given.get("name"), 120), source)
