from tenants.domain.actor import Actor
from tenants.models import Credential
from tenants.services import vault


def make_credential(
    *, category: str = "openai", name: str = "API_KEY", value: str = "sk-test-0123456789"
) -> Credential:
    return vault.put_credential(category=category, name=name, value=value, by=Actor.system("test"))
