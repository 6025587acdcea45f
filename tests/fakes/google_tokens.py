"""Google's token endpoint and consent page: refresh tokens, codes with PKCE, service accounts with a signed JWT."""

import base64
import functools
import hashlib
import itertools
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = "client-id", "client-secret", "refresh-token"
ACCOUNT = "crm@project.iam.gserviceaccount.com"
SCOPES = (
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.freebusy",
)
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"  # RFC 7523


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class _Code:
    scope: str
    challenge: str
    redirect: str


@dataclass
class Tokens:
    """`revoked`: nothing works any more. `granted`: what the person ticks of the scopes, all of them when empty.

    `denies`: the person says no. `gives_refresh` False: the answer to a code lacks the refresh token.
    """

    token_uri: str = ""
    revoked: bool = False
    denies: bool = False
    gives_refresh: bool = True
    granted: tuple[str, ...] = ()
    refresh_tokens: set[str] = field(default_factory=lambda: {REFRESH_TOKEN})
    access: set[str] = field(default_factory=set)
    _codes: dict[str, _Code] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def service_account(self, *, token_uri: str = "") -> dict[str, str]:
        """The file that Google hands out; `token_uri` may lead astray."""
        pem = _key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": "project",
            "private_key_id": "key-1",
            "private_key": pem.decode(),
            "client_email": ACCOUNT,
            "client_id": "1",
            "token_uri": token_uri or "https://oauth2.googleapis.com/token",
        }

    def knows(self, authorization: str) -> bool:
        return not self.revoked and authorization.removeprefix("Bearer ") in self.access

    def expire_access(self) -> None:
        """Every access token is refused from now on; refreshing works."""
        self.access.clear()

    def consent(self, address: str) -> str:
        """Where the consent page sends the person afterwards. Checks the request as Google would."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        answer = {"state": asked.get("state", "")}
        if self.denies:
            answer["error"] = "access_denied"
        elif asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            answer["error"] = "invalid_request"
        else:
            scope = " ".join(self.granted) or asked.get("scope", "")
            code = answer["code"] = f"4/code-{next(self._numbers)}"
            challenge = asked.get("code_challenge", "") if asked.get("code_challenge_method") == "S256" else "none"
            self._codes[code] = _Code(scope, challenge, asked.get("redirect_uri", ""))
            self.gives_refresh = asked.get("access_type") == "offline" and asked.get("prompt") == "consent"
        return f"{asked.get('redirect_uri', '')}?{urllib.parse.urlencode(answer)}"

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and body of a POST to the token endpoint."""
        if self.revoked:
            return _refused("invalid_grant", "Token has been expired or revoked.")
        if form.get("grant_type") == GRANT:
            return self._signed(form.get("assertion", ""))
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client", "error_description": "The OAuth client was not found."}
        if form.get("grant_type") == "authorization_code":
            return self._code(form)
        if form.get("grant_type") == "refresh_token" and form.get("refresh_token") in self.refresh_tokens:
            return 200, self._token(" ".join(SCOPES))
        return _refused("invalid_grant", "Bad Request")

    def _code(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        code = self._codes.pop(form.get("code", ""), None)  # works once
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if code is None or challenge != code.challenge or form.get("redirect_uri") != code.redirect:
            return _refused("invalid_grant", "Malformed auth code.")
        answer = self._token(code.scope)
        if self.gives_refresh:
            answer["refresh_token"] = f"refresh-{next(self._numbers)}"
            self.refresh_tokens.add(answer["refresh_token"])
        return 200, answer

    def _signed(self, assertion: str) -> tuple[int, dict[str, Any]]:
        # Google's own library always writes the real address into the claim, wherever it then sends it.
        audience = [self.token_uri, "https://oauth2.googleapis.com/token"]
        try:
            claims = jwt.decode(assertion, _key().public_key(), algorithms=["RS256"], audience=audience)
        except jwt.PyJWTError as error:
            return _refused("invalid_grant", f"Invalid JWT: {type(error).__name__}")
        if claims.get("iss") != ACCOUNT or not claims.get("scope") or claims["exp"] > time.time() + 3700:
            return _refused("invalid_grant", "Invalid JWT claims.")
        return 200, self._token(claims["scope"])

    def _token(self, scope: str) -> dict[str, Any]:
        token = f"ya29.fake-{next(self._numbers)}"
        self.access.add(token)
        return {"access_token": token, "expires_in": 3599, "token_type": "Bearer", "scope": scope}


def _refused(error: str, words: str) -> tuple[int, dict[str, Any]]:
    return 400, {"error": error, "error_description": words}
