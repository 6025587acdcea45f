"""Development: runs on a fresh clone; the embedded services' addresses come from files that bin/dev leaves in DATA_DIR."""

from pathlib import Path

from config import env

_data = Path(env.text("DATA_DIR", str(Path(__file__).resolve().parent.parent.parent / "var"))).absolute()
env.load_file(str(_data / "secrets.env"))
env.load_file(str(_data / "services.env"))

from config.settings.base import *  # noqa: E402, F403 (the files above must be read first)
from config.settings.base import SECRET_KEY, VAULT_KEYS, development_key  # noqa: E402 (likewise)

DEBUG = True
STATIC_FROM_SOURCES = True
DEMO = True
PLATFORM_SECOND_FACTOR = False
OPEN_SIGNUP = env.flag("OPEN_SIGNUP", True)
SECRET_KEY = SECRET_KEY or development_key("secret")
VAULT_KEYS = VAULT_KEYS or [f"dev:{development_key('vault')}"]
ALLOW_PRIVATE_PROVIDER_URLS = env.flag("ALLOW_PRIVATE_PROVIDER_URLS", True)
SECURE_HSTS_SECONDS = 0
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
