from tenants.context import tenant_context
from tenants.models import Credential, SystemEvent
from tenants.services.vault import get_tenant_credential

SECRET = "sk-canary-0123456789-abcd"


def save(client, value=SECRET, name="API_KEY"):
    return client.post("/credenciales/", {"category": "openai", "name": name, "value": value})


def test_a_stored_key_is_listed_by_its_last_letters_and_never_shown(client_as, acme):
    ana = client_as("ana")
    assert save(ana).status_code == 302
    shown = ana.get("/credenciales/").content.decode()
    assert "termina en abcd" in shown
    assert SECRET not in shown
    assert get_tenant_credential(acme.pk, "openai", "API_KEY") == SECRET


def test_a_key_with_a_wrong_name_is_refused_beside_its_field_and_not_echoed(client_as, acme):
    answer = save(client_as("ana"), name="api key")
    assert answer.status_code == 422
    assert SECRET not in answer.content.decode()
    with tenant_context(acme):
        assert not Credential.objects.exists()


def test_removing_a_key_is_asked_first_and_audited_without_its_value(client_as, acme):
    ana = client_as("ana")
    save(ana)
    assert "No se puede deshacer" in ana.get("/credenciales/openai/API_KEY/eliminar/").content.decode()
    with tenant_context(acme):
        assert Credential.objects.exists()
    assert ana.post("/credenciales/openai/API_KEY/eliminar/").status_code == 302
    with tenant_context(acme):
        assert not Credential.objects.exists()
        rows = SystemEvent.objects.filter(action__startswith="credential")
        assert {row.action for row in rows} == {"credential.saved", "credential.removed"}
        assert SECRET not in "".join(str(row.diff) for row in rows)


def test_sellers_may_neither_see_nor_store_keys(client_as):
    sol = client_as("sol")
    assert sol.get("/credenciales/").status_code == 403
    assert save(sol).status_code == 403


def test_another_company_neither_sees_nor_removes_the_key(client_as, acme):
    save(client_as("ana"))
    gus = client_as("gus")
    assert "abcd" not in gus.get("/credenciales/").content.decode()
    assert gus.post("/credenciales/openai/API_KEY/eliminar/").status_code == 404
    assert get_tenant_credential(acme.pk, "openai", "API_KEY") == SECRET


def test_the_page_costs_the_same_with_many_keys(client_as, statements):
    ana = client_as("ana")
    save(ana)
    with statements() as few:
        ana.get("/credenciales/")
    for number in range(12):
        save(ana, name=f"API_KEY@{number}")
    with statements() as many:
        ana.get("/credenciales/")
    assert few.count == many.count <= 8
