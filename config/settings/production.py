"""Production: nothing secret has a default, so a missing key stops the start with its name."""

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.settings.base import *  # noqa: F403 (settings build on one another)
from config.settings.base import ALLOWED_HOSTS, PUBLIC_URL

for _name in ("SECRET_KEY", "VAULT_KEYS", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "PUBLIC_URL"):
    if not env.text(_name):
        raise ImproperlyConfigured(f"{_name} must be set in production")
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts in production")
if not PUBLIC_URL.startswith("https://"):
    raise ImproperlyConfigured("PUBLIC_URL must begin with https:// in production")

ALLOW_PRIVATE_PROVIDER_URLS = False
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # probes ask the process itself, without TLS
# Over TLS or not is settled in config.edge: a proxy of TRUSTED_PROXIES says so with X-Forwarded-Proto, nobody else can.
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
