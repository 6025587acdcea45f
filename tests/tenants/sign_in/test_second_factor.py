"""The second factor: its codes, enrolling, asking at the door, recovery, and companies that insist on it."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client
from rest_framework.test import APIClient

from tenants.context import auth_scope, tenant_context
from tenants.db.current import connection
from tenants.domain import otp
from tenants.models import RecoveryCode, SecondFactor, SystemEvent, User
from tenants.services import sign_in, sign_ins, tokens, totp
from tests.support.cast import PASSWORD, Cast, Person
from tests.support.clients import HOST
from tests.support.together import at_once
from tests.tenants.sign_in.factor import api_login, code, enrolled, password_step, wrong

ClientAs = Callable[..., Client]
Api = Callable[..., APIClient]
# RFC 6238, appendix B, SHA-1: seconds → code of eight digits, for the ASCII secret "12345678901234567890".
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(("seconds", "expected"), VECTORS)
def test_codes_are_those_of_the_standard(seconds: int, expected: str) -> None:
    assert otp.code_at(RFC_SECRET, otp.step_at(seconds), digits=8) == expected
    assert otp.code_at(RFC_SECRET, otp.step_at(seconds)) == expected[-6:]


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_one_step_off_is_forgiven(steps: int, fits: bool) -> None:
    given = otp.code_at(RFC_SECRET, 1000 + steps)
    assert (otp.fitting_step(RFC_SECRET, given, moment=30_000, after=0) is not None) is fits


def test_a_code_is_not_taken_again_nor_one_from_before_it() -> None:
    given = otp.code_at(RFC_SECRET, 1000)
    assert otp.fitting_step(RFC_SECRET, given, moment=30_000, after=1000) is None
    assert otp.fitting_step(RFC_SECRET, otp.code_at(RFC_SECRET, 999), moment=30_000, after=1000) is None


# --- enrolling ---------------------------------------------------------------------------------------------------
def test_enrolling_at_the_page_from_the_picture_to_the_codes(client_as: ClientAs, ana: Person) -> None:
    client = client_as("ana")
    assert client.post("/seguridad/segundo-factor/empezar/")["Location"] == "/seguridad/segundo-factor/"
    page = client.get("/seguridad/segundo-factor/").content.decode()
    with auth_scope():
        secret = SecondFactor.objects.get(user=ana.user).secret
    assert otp.grouped(secret) in page
    assert "<path d=" in page
    assert client.get("/sesion/").status_code == 200  # not in force yet
    done = client.post("/seguridad/segundo-factor/", {"code": code(secret)})
    shown = done.content.decode()
    assert done.status_code == 200
    assert shown.count("<li><code>") == otp.RECOVERY_CODES
    assert done["Cache-Control"].startswith("max-age=0")
    assert client.get("/sesion/").status_code == 200  # this session goes on
    with auth_scope():
        kept = set(RecoveryCode.objects.filter(user=ana.user).values_list("code_hash", flat=True))
    assert len(kept) == otp.RECOVERY_CODES
    assert not any(each in shown for each in kept)


def test_the_address_of_the_picture_is_what_apps_read(ana: Person) -> None:
    address = urlsplit(totp.address(ana.user, RFC_SECRET))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query) == {"secret": [RFC_SECRET], "issuer": ["Sovereign CRM"]}


def test_the_secret_is_sealed_in_its_column(ana: Person) -> None:
    secret = enrolled(ana)
    with auth_scope(), connection.cursor() as cursor:
        cursor.execute("select secret from tenants_secondfactor where user_id = %s", [ana.user.pk])
        assert secret.encode() not in bytes(cursor.fetchone()[0])


def test_no_companys_role_reads_secrets_or_recovery_codes(ana: Person) -> None:
    enrolled(ana)
    for model in (SecondFactor, RecoveryCode):
        with tenant_context(ana.tenant), pytest.raises(ProgrammingError, match="permission denied"):
            with transaction.atomic():
                model.objects.count()


def test_a_wrong_first_code_puts_nothing_in_force(client_as: ClientAs, ana: Person) -> None:
    client = client_as("ana")
    client.post("/seguridad/segundo-factor/empezar/")
    with auth_scope():
        secret = SecondFactor.objects.get(user=ana.user).secret
    answer = client.post("/seguridad/segundo-factor/", {"code": wrong(secret)})
    assert answer.status_code == 422
    assert "no es correcto" in answer.content.decode()
    with auth_scope():
        assert not totp.active(ana.user)


def test_enrolling_ends_every_other_session_and_token(client_as: ClientAs, ana: Person) -> None:
    here, other, token = client_as("ana"), client_as("ana"), tokens.access_token(ana.user)
    here.post("/seguridad/segundo-factor/empezar/")
    with auth_scope():
        secret = SecondFactor.objects.get(user=ana.user).secret
    here.post("/seguridad/segundo-factor/", {"code": code(secret)})
    assert other.get("/sesion/").status_code == 302
    assert Client().get("/api/v1/stages/", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 401


def test_one_in_force_is_not_replaced_by_starting_again(client_as: ClientAs, ana: Person) -> None:
    secret, client = enrolled(ana), client_as("ana")
    client.post("/seguridad/segundo-factor/empezar/")
    with auth_scope():
        assert SecondFactor.objects.get(user=ana.user).secret == secret
    assert client.get("/seguridad/segundo-factor/")["Location"] == "/seguridad/"
    assert secret not in client.get("/seguridad/").content.decode()


# --- at the door -----------------------------------------------------------------------------------------------
def test_the_code_is_asked_for_after_the_right_password_only(ana: Person) -> None:
    enrolled(ana)
    client = Client(SERVER_NAME=HOST)
    wrong_password = client.post("/login/", {"email": ana.user.email, "password": "no"})
    assert wrong_password.status_code == 401
    assert "ódigo" not in wrong_password.content.decode()
    assert client.get("/login/codigo/")["Location"] == "/login/"
    assert "código de la aplicación" in password_step(ana).get("/login/codigo/").content.decode()


def test_the_right_code_goes_on_to_where_the_person_wanted(ana: Person) -> None:
    secret = enrolled(ana)
    client = password_step(ana, next="/leads/?stage=nuevo")
    assert client.post("/login/codigo/", {"code": code(secret)})["Location"] == "/leads/?stage=nuevo"
    assert client.get("/sesion/").status_code == 200


def test_a_code_typed_with_spaces_counts(ana: Person) -> None:
    typed = code(enrolled(ana))
    client = password_step(ana)
    assert client.post("/login/codigo/", {"code": f" {typed[:3]} {typed[3:]} "}).status_code == 302


def test_a_wrong_code_lets_nobody_in_and_the_fifth_is_the_last(ana: Person) -> None:
    secret = enrolled(ana)
    client = password_step(ana)
    statuses = [client.post("/login/codigo/", {"code": wrong(secret)}).status_code for _each in range(5)]
    limited = client.post("/login/codigo/", {"code": code(secret)})
    assert statuses == [401] * 5
    assert limited.status_code == 429
    assert int(limited["Retry-After"]) > 0
    assert client.get("/sesion/").status_code == 302


def test_the_limit_is_one_for_page_and_api_and_its_own_for_each_account(cast: Cast) -> None:
    secret, other = enrolled(cast["ana"]), enrolled(cast["gus"])
    client = password_step(cast["ana"])
    for turn in range(5):
        if turn % 2:
            assert client.post("/login/codigo/", {"code": wrong(secret)}).status_code == 401
        else:
            assert api_login(cast["ana"], otp=wrong(secret))[0] == 401
    assert api_login(cast["ana"], otp=code(secret))[0] == 429
    assert api_login(cast["gus"], otp=code(other))[0] == 200


def test_a_code_opens_the_door_once(ana: Person) -> None:
    secret = enrolled(ana)
    first, second, typed = password_step(ana), password_step(ana), code(secret)
    assert first.post("/login/codigo/", {"code": typed}).status_code == 302
    assert second.post("/login/codigo/", {"code": typed}).status_code == 401
    assert api_login(ana, otp=typed)[0] == 401


def test_of_many_at_once_with_the_same_code_one_gets_in(live_tenants: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totp, "_count", lambda user: None)
    user = live_tenants["ana"].user
    typed = code(enrolled(live_tenants["ana"]))
    answers = at_once([lambda: totp.check(user=user, code=typed)] * 16, auth_scope)
    assert [type(each) for each in answers].count(type(None)) == 1
    assert sum(isinstance(each, totp.BadOtp) for each in answers) == 15


def test_sixty_four_at_once_are_counted_exactly(live_tenants: Cast) -> None:
    user, secret = live_tenants["ana"].user, enrolled(live_tenants["ana"])
    answers = at_once([lambda: _tried(user, wrong(secret))] * 64, nullcontext)
    assert (answers.count("bad"), answers.count("later")) == (5, 59)


def _tried(user: User, typed: str) -> str:
    try:
        with auth_scope():
            totp.check(user=user, code=typed)
    except totp.BadOtp:
        return "bad"
    except Exception as error:  # noqa: BLE001 (told by its name)
        return "later" if type(error).__name__ == "RateLimited" else repr(error)
    return "in"


def test_the_api_says_what_is_missing_and_what_is_wrong(ana: Person) -> None:
    secret = enrolled(ana)
    for door in ("login", "token"):
        client = APIClient(SERVER_NAME=HOST)
        body = {"email": ana.user.email, "password": PASSWORD}
        missing = client.post(f"/api/v1/auth/{door}", body)
        assert (missing.status_code, missing.json()["error"]["code"]) == (401, "otp_required")
        assert not missing.cookies
        bad = client.post(f"/api/v1/auth/{door}", {**body, "otp": wrong(secret)})
        assert (bad.status_code, bad.json()["error"]["code"]) == (401, "bad_otp")
        guess = client.post(f"/api/v1/auth/{door}", {**body, "password": "no", "otp": code(secret)})
        assert guess.json()["error"]["code"] == "bad_credentials"
        with auth_scope():
            SecondFactor.objects.filter(user=ana.user).update(last_step=0)
        assert client.post(f"/api/v1/auth/{door}", {**body, "otp": code(secret)}).status_code == 200


def test_the_half_way_ends_after_ten_minutes_and_with_a_new_password(
    ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = enrolled(ana)
    slow, changed = password_step(ana), password_step(ana)
    monkeypatch.setattr(sign_in, "HALF_SECONDS", -1)
    assert slow.post("/login/codigo/", {"code": code(secret)})["Location"] == "/login/"
    monkeypatch.undo()
    with auth_scope():
        sign_ins.end_all(User.objects.get(pk=ana.user.pk))
    assert changed.post("/login/codigo/", {"code": code(secret)})["Location"] == "/login/"


# --- recovery ---------------------------------------------------------------------------------------------------------
def test_a_recovery_code_opens_once_and_the_trail_says_so(ana: Person) -> None:
    enrolled(ana)
    with auth_scope():
        first, second = totp._fresh_codes(ana.user)[:2]
    assert password_step(ana).post("/login/codigo/", {"code": otp.grouped(first).upper()}).status_code == 302
    assert password_step(ana).post("/login/codigo/", {"code": first}).status_code == 401
    assert api_login(ana, otp=second)[0] == 200
    with tenant_context(ana.tenant):
        connection.run_before_commit()
        used = SystemEvent.objects.filter(action="recovery_code.used").order_by("id")
        assert [event.diff for event in used] == [{"left": 9}, {"left": 8}]


def test_a_recovery_code_of_somebody_else_opens_nothing(cast: Cast) -> None:
    enrolled(cast["ana"])
    enrolled(cast["gus"])
    with auth_scope():
        theirs = totp._fresh_codes(cast["gus"].user)[0]
    assert password_step(cast["ana"]).post("/login/codigo/", {"code": theirs}).status_code == 401


def test_new_recovery_codes_and_switching_off_need_the_password(client_as: ClientAs, ana: Person) -> None:
    secret, client = enrolled(ana), client_as("ana")
    with auth_scope():
        old = totp._fresh_codes(ana.user)[0]
    for path in ("/seguridad/segundo-factor/codigos/", "/seguridad/segundo-factor/desactivar/"):
        assert client.post(path, {"password": "no"}).status_code == 422
        assert client.post(path, {}).status_code == 422
    with auth_scope():
        assert totp.active(ana.user)
        assert totp.codes_left(ana.user) == 10
    shown = client.post("/seguridad/segundo-factor/codigos/", {"password": PASSWORD}).content.decode()
    assert shown.count("<li><code>") == 10
    assert password_step(ana).post("/login/codigo/", {"code": old}).status_code == 401
    assert client.post("/seguridad/segundo-factor/desactivar/", {"password": PASSWORD})["Location"] == "/seguridad/"
    assert client.get("/sesion/").status_code == 200
    assert secret
    with auth_scope():
        assert (totp.active(ana.user), totp.codes_left(ana.user)) == (False, 0)


# --- over the API -----------------------------------------------------------------------------------------------------
def test_the_whole_way_over_the_api(api_as: Api, ana: Person) -> None:
    api = api_as("ana")
    assert api.get("/api/v1/auth/totp/").json()["active"] is False
    secret = api.post("/api/v1/auth/totp/enrol").json()["secret"]
    assert api.post("/api/v1/auth/totp/confirm", {"code": wrong(secret)}).status_code == 422
    done = api.post("/api/v1/auth/totp/confirm", {"code": code(secret)}).json()
    assert len(done["recovery_codes"]) == 10
    assert api.get("/api/v1/auth/totp/").status_code == 401  # the token from before has ended
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {done['access']}")
    assert api.get("/api/v1/auth/totp/").json()["codes_left"] == 10
    assert api.post("/api/v1/auth/totp/enrol").status_code == 409
    refused = api.post("/api/v1/auth/totp/recovery-codes", {"password": "no"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "reauthentication_failed")
    assert len(api.post("/api/v1/auth/totp/recovery-codes", {"password": PASSWORD}).json()["recovery_codes"]) == 10
    off = api.post("/api/v1/auth/totp/disable", {"password": PASSWORD}).json()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {off['access']}")
    assert api.get("/api/v1/auth/totp/").json()["active"] is False


def test_confirming_with_cookies_renews_the_cookies(ana: Person) -> None:
    api = APIClient(SERVER_NAME=HOST)
    api.post("/api/v1/auth/login", {"email": ana.user.email, "password": PASSWORD})
    secret = api.post("/api/v1/auth/totp/enrol").json()["secret"]
    done = api.post("/api/v1/auth/totp/confirm", {"code": code(secret)})
    assert set(done.json()) == {"recovery_codes"}
    assert api.get("/api/v1/auth/me").status_code == 200


def test_a_moment_may_be_given_for_rehearsals(ana: Person) -> None:
    secret = enrolled(ana)
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    with auth_scope():
        totp.check(user=ana.user, code=otp.code_at(secret, otp.step_at(moment.timestamp())), now=moment)
