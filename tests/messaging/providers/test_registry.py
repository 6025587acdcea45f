import pytest

from config.lib.errors import Invalid
from messaging.providers import PROVIDERS, provider_class
from messaging.providers.base import Provider

METHODS = ("verify", "parse", "send", "fetch_media", "mark_read", "check")


@pytest.mark.parametrize("kind", PROVIDERS)
def test_every_adapter_answers_the_whole_port(kind):
    adapter = provider_class(*kind)
    assert issubclass(adapter, Provider)
    for name in METHODS:
        assert getattr(adapter, name) is not getattr(Provider, name)
    assert adapter.parse({})


def test_the_port_stays_small():
    own = [name for name, value in vars(Provider).items() if callable(value) or isinstance(value, staticmethod)]
    assert sorted(own) == sorted((*METHODS, "facts"))


def test_an_unknown_channel_has_no_adapter():
    with pytest.raises(LookupError):
        provider_class("meta_direct", "pigeon")


def test_a_whatsapp_channel_needs_the_id_of_its_number():
    config = provider_class("meta_direct", "whatsapp").config
    cleaned = config.clean({"phone_number_id": " 1065 ", "waba_id": 42, "odd": "x"})
    assert cleaned == {"phone_number_id": "1065", "waba_id": "42"}
    assert config.channel_ref(cleaned) == "1065"
    for wrong in ({}, {"phone_number_id": ""}, {"phone_number_id": "10/65"}, {"phone_number_id": None}):
        with pytest.raises(Invalid) as caught:
            config.clean(wrong)
        assert "phone_number_id" in caught.value.fields


def test_secrets_are_named_but_not_kept_on_the_channel():
    config = provider_class("meta_direct", "whatsapp").config
    assert ("whatsapp_cloud", "ACCESS_TOKEN") in config.credentials
    assert "access_token" not in config.clean({"phone_number_id": "1", "access_token": "t"})


def test_a_web_chat_lists_its_sites():
    config = provider_class("web", "web").config
    assert config.clean({"allowed_domains": "tienda.com, *.tienda.com"}) == {
        "allowed_domains": ["tienda.com", "*.tienda.com"]
    }
    assert config.clean({"allowed_domains": ["localhost:8000"]}) == {"allowed_domains": ["localhost:8000"]}
    assert config.clean({}) == {}
    with pytest.raises(Invalid):
        config.clean({"allowed_domains": ["tienda.com", "a b/<script>"]})
