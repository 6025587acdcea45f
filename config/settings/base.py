"""What every environment shares. Contracts of the names: design of the project, "Environment"."""

import base64
import hashlib
from pathlib import Path

from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import env

ROOT = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(ROOT / "var"))).absolute()

SECRET_KEY = env.text("SECRET_KEY")
VAULT_KEYS = env.keys("VAULT_KEYS")  # "id:base64 of 32 bytes", the first is the current one
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,.localhost,127.0.0.1")
PUBLIC_URL = env.text("PUBLIC_URL", "http://localhost:8000").rstrip("/")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
DEBUG = False
DEMO = False  # demo companies and logins may be created

# --- apps: public schema and tenant schema side by side ------------------------------------------------
SHARED_APPS = [
    "tenants",  # before django_tenants, whose commands of the same name are not ours
    "django_tenants",
    "messaging.ingest",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config.apps.ProjectConfig",
]
TENANT_APPS = ["tenants.live", "crm", "messaging", "rag", "agents"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
PUBLIC_SCHEMA_NAME = "public"

# --- database: `default` may only act as a tenant (or a named role); `owner` owns schemas and migrates -----
DATABASES: dict[str, dict[str, object]] = {
    "default": {
        "ENGINE": "tenants.db",
        **env.database("DATABASE_URL"),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            **env.database_options("DATABASE_URL"),
            "pool": {"min_size": 1, "max_size": int(env.number("DATABASE_POOL", 20, minimum=1)), "timeout": 10},
        },
    },
    "owner": {
        "ENGINE": "tenants.db.owner",
        **env.database("OWNER_DATABASE_URL", "DATABASE_URL"),
        "CONN_MAX_AGE": 0,
        "OPTIONS": env.database_options("OWNER_DATABASE_URL", "DATABASE_URL"),
    },
}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_DB_ALIAS = "owner"  # schemas are made and migrated by their owner only
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["tenants.backends.EmailBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- Redis, tasks ------------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # Short, and asked once more only: a request must go on without an answer.
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 1)},
    }
}
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    # A wake-up that finds no broker is given up at once: the sweep finds its row.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "messaging.tasks.sweep", "schedule": 10.0, "options": {"queue": "inbound", "expires": 10}},
    "sweep-knowledge": {"task": "rag.tasks.sweep", "schedule": 60.0, "options": {"queue": "sync", "expires": 60}},
    "forget-old-events": {"task": "messaging.tasks.forget_old", "schedule": 600.0, "options": {"expires": 600}},
    "heartbeat": {"task": "tenants.tasks.heartbeat", "schedule": 10.0, "options": {"expires": 10}},
}

# --- web -----------------------------------------------------------------------------------------------
ROOT_URLCONF = "config.urls"
SILENCED_SYSTEM_CHECKS = ["admin.E408"]  # TenantMiddleware puts the person on the request
WSGI_APPLICATION = "config.wsgi.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tenants.middleware.headers.SecurityHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.middleware.tenant.TenantMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context_processors.shell",
            ],
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [ROOT / "static"]
MEDIA_ROOT = DATA_DIR / "media"  # one folder a tenant; served through the gate only
SESSION_ENGINE = "tenants.sessions"
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/mi-dia/"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_CONTENT_TYPE_NOSNIFF = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- language ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "es"
LANGUAGES = [("es", _("Español")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "config" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- REST API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenants.api.authentication.MemberAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api.permissions.HasPermission"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.lib.api.exception_handler",
    "DEFAULT_PAGINATION_CLASS": "config.lib.api.CursorPages",
    "PAGE_SIZE": 50,
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sovereign CRM",
    "DESCRIPTION": (
        "Contacts, conversations, agents and knowledge of one company. Whoever belongs to several names one with the "
        "header `X-Tenant: <slug>`. Lists follow `next` and `previous`; a write repeated with its `Idempotency-Key` acts "
        "once; the last slash of an address may be left out."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "tenants.api.schema.with_errors"],
}

# --- the product's own numbers (a tenant may override the first five in its settings) ------------------
INBOUND_BUFFER_SECONDS = env.number("INBOUND_BUFFER_SECONDS", 16)
INBOUND_BUFFER_MAX_SECONDS = env.number("INBOUND_BUFFER_MAX_SECONDS", 45)
OUTBOUND_SPACING_SECONDS = env.number("OUTBOUND_SPACING_SECONDS", 4)
HUMAN_OVERRIDE_HOURS = env.number("HUMAN_OVERRIDE_HOURS", 24)
WEBHOOK_DEDUPE_SECONDS = env.number("WEBHOOK_DEDUPE_SECONDS", 120)
META_GRAPH_BASE_URL = env.text("META_GRAPH_BASE_URL", "https://graph.facebook.com")
META_GRAPH_VERSION = env.text("META_GRAPH_VERSION", "v25.0")
OPENAI_BASE_URL = env.text("OPENAI_BASE_URL", "https://api.openai.com/v1")
GEMINI_BASE_URL = env.text("GEMINI_BASE_URL", "https://generativelanguage.googleapis.com/v1beta/openai/")
ALLOW_PRIVATE_PROVIDER_URLS = env.flag("ALLOW_PRIVATE_PROVIDER_URLS")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {"httpx2": {"level": "WARNING"}, "openai": {"level": "WARNING"}},
}


def development_key(purpose: str) -> str:
    """A fixed key for development and tests, derived and of no value anywhere else."""
    return base64.b64encode(hashlib.sha256(f"sovereign-crm development {purpose}".encode()).digest()).decode()


# --- companies ------------------------------------------------------------------------------------------
TENANT_HOST_PATTERN = env.text("TENANT_HOST_PATTERN", "{slug}.localhost")
TENANT_SEEDERS = ["crm.services.stages.seed", "messaging.services.channels.seed", "agents.services.first_agent.seed"]
