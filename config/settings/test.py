"""Tests: real PostgreSQL and Redis from bin/test, quick password hashing, short waits."""

from config.settings.base import *  # noqa: F403 (settings build on one another)
from config.settings.base import DATABASES, REST_FRAMEWORK, development_key

SECRET_KEY = development_key("test secret")
VAULT_KEYS = [f"test:{development_key('test vault')}"]
DEMO = True
STATIC_FROM_SOURCES = True
PLATFORM_SECOND_FACTOR = False
OPEN_SIGNUP = True
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOW_PRIVATE_PROVIDER_URLS = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SECURE_HSTS_SECONDS = 3600
DATABASES["default"]["ENGINE"] = "tests.support.db"  # the product's own, able to rehearse a transaction
REST_FRAMEWORK["TEST_REQUEST_DEFAULT_FORMAT"] = "json"
