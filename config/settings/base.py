"""What every environment shares. Contracts of the names: design of the project, "Environment"."""

import base64
import hashlib
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONCE
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
    # Without its pages where nobody can ask for one: a worker is several megabytes smaller.
    "django.contrib.admin" if env.flag("BACK_OFFICE", True) else "django.contrib.admin.apps.SimpleAdminConfig",
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
# Limits of people and addresses are the platform's: the same count whichever company is entered.
CACHES["limits"] = {**CACHES["default"], "KEY_PREFIX": "limits"}
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
# Calls of models that one worker of queue `agents` waits for at once; a company may hold a quarter of them.
AGENT_THREADS = int(env.number("AGENT_THREADS", 200, minimum=1))
_EACH_MINUTE = {"schedule": 60.0, "options": {"queue": "sync", "expires": 60}}
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "messaging.tasks.sweep", "schedule": 10.0, "options": {"queue": "inbound", "expires": 10}},
    "sweep-knowledge": {"task": "rag.tasks.sweep", "schedule": 60.0, "options": {"queue": "sync", "expires": 60}},
    "sweep-privacy": {"task": "agents.tasks.privacy_sweep", **_EACH_MINUTE},
    "sweep-acts": {"task": "agents.tasks.sweep_acts", **_EACH_MINUTE},
    "assess-chats": {"task": "agents.tasks.assess_all_chats", "schedule": 600.0, "options": {"expires": 600}},
    "sweep-questions": {"task": "agents.tasks.sweep_questions", **_EACH_MINUTE},
    "sweep-chatwoot": {
        "task": "messaging.tasks.sweep_chatwoot",
        "schedule": 180.0,
        "options": {"queue": "sync", "expires": 180},
    },
    "forget-old-events": {"task": "messaging.tasks.forget_old", "schedule": 600.0, "options": {"expires": 600}},
    "make-companies": {"task": "tenants.tasks.make_due_companies", "schedule": 15.0, "options": {"expires": 15}},
    "forget-sign-ins": {"task": "tenants.tasks.forget_sign_ins", "schedule": 3600.0, "options": {"expires": 3600}},
    "anchor-audit": {"task": "tenants.tasks.anchor_audit", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-mail": {"task": "tenants.tasks.sweep_mail", "schedule": 30.0, "options": {"expires": 30}},
    "look-after-credentials": {
        "task": "tenants.tasks.look_after_credentials",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "sweep-duplicates": {"task": "crm.tasks.sweep_duplicates", "schedule": crontab(hour=7, minute=20)},  # UTC: by night
    "remind": {"task": "crm.tasks.remind", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-stores": {"task": "crm.tasks.sweep_stores", "schedule": 60.0, "options": {"queue": "sync", "expires": 60}},
    "let-go-holds": {"task": "crm.tasks.let_go_holds", "schedule": 300.0, "options": {"expires": 300}},
    "forget-explanations": {"task": "crm.tasks.forget_explanations", "schedule": 3600.0, "options": {"expires": 3600}},
    "look-after-channels": {
        "task": "messaging.tasks.look_after_channels",
        "schedule": 300.0,
        "options": {"queue": "sync", "expires": 300},
    },
    "remind-of-appointments": {
        "task": "messaging.tasks.remind_of_appointments",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "look-after-templates": {
        "task": "messaging.tasks.look_after_templates",
        "schedule": 60.0,
        "options": {"queue": "sync", "expires": 60},
    },
    "ask-outcomes": {"task": "crm.tasks.ask_outcomes", "schedule": 600.0, "options": {"expires": 600}},
    "sweep-imports": {
        "task": "crm.tasks.sweep_imports",
        "schedule": 60.0,
        "options": {"queue": "sync", "expires": 60},
    },
    "sweep-sellers": {"task": "crm.tasks.sweep_sellers", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-bulk": {"task": "crm.tasks.sweep_bulk", "schedule": 30.0, "options": {"expires": 30}},
    "calendars": {"task": "crm.tasks.sweep_calendars", "schedule": 20.0, "options": {"queue": "sync", "expires": 20}},
    "watch-models": {
        "task": "agents.tasks.watch_all_models",
        "schedule": crontab(hour=6, minute=40),  # UTC: by night
        "options": {"queue": "sync"},
    },
    "heartbeat": {"task": "tenants.tasks.heartbeat", "schedule": 10.0, "options": {"expires": 10}},
    "agents-beat": {"task": "agents.tasks.beat", "schedule": 10.0, "options": {"queue": "agents", "expires": 10}},
}

# --- web -----------------------------------------------------------------------------------------------
ROOT_URLCONF = "config.urls"
SILENCED_SYSTEM_CHECKS = ["admin.E408"]  # TenantMiddleware puts the person on the request
WSGI_APPLICATION = "config.wsgi.application"
MIDDLEWARE = [
    "tenants.middleware.headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.middleware.refusals.RefusalMiddleware",
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
STATIC_FROM_SOURCES = False  # else those that collectstatic gathered in STATIC_ROOT
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
SECURE_HSTS_PRELOAD = False
CSP_REPORT_PATH = "/csp-report/"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", NONCE],  # only where a template asks for `request.csp_nonce`, new for each answer
        "style-src": ["'self'", NONCE],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "report-uri": [CSP_REPORT_PATH],
        "report-to": ["csp"],
    }
}

# --- e-mail (tenants.services.mail): the platform's own server; a company may have another in its vault ------
EMAIL_URL = env.text("EMAIL_URL")  # smtp(s)://user:password@host:port?from=crm@example.com; empty: nothing leaves

# --- how often (tenants.services.limits): "number/seconds, minutes or hours" ------------------------------
RATE_LIMITS = {
    "register": "3/m",  # per address
    "reset": "5/m",  # per address, and per account
    "link": "10/m",  # trying one-time links, per address
    "otp": "5/m",  # second factor, per account
    "otp-hour": "20/h",  # likewise: five a minute alone would let a patient guesser through
    "reauthenticate": "5/m",  # the password again, per account
    "public": "5/m",  # a public form, per address and form
    "booking": "60/m",  # looking for a time on a booking page, per address and company
    "inbound": "120/m",  # what another system hands in, per token
    "calendar-push": "240/m",  # Google's messages that something changed, per channel
    "store-push": "600/m",  # an online store's notices that something changed, per store
    "store-order": "12/h",  # looking for an order by its number, per conversation, and per phone and e-mail it is proved by
    "lists": "100/m",  # leads, contacts, clients through the API: per person and list
    "relay": "600/m",  # messages handed to the relay: per company
    "playground": "60/m",  # trying an agent out through the API: per company
    "copilot": "20/m",  # help with writing: per person
    "tool-try": "20/m",  # trying a service of the company's own out: per company
    "provider-test": "10/m",  # asking a provider whether a key works: per company
}
RATELIMIT_USE_CACHE = "limits"
PLATFORM_SECOND_FACTOR = True  # the platform's own staff reach nothing without one; not in development

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
    "ENUM_NAME_OVERRIDES": {  # `kind` means something else on each noun
        "ContactPointKindEnum": "crm.models.ContactPoint.Kind",
        "CustomFieldKindEnum": "crm.models.CustomField.Kind",
        "FormKindEnum": "crm.models.InboundForm.Kind",
        "NoteKindEnum": "crm.models.Note.Kind",
        "StageKindEnum": "crm.models.StageKind",
        "TaskKindEnum": "crm.models.Task.Kind",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "tenants.api.schema.with_errors"],
}

# --- the product's own numbers (a tenant may override the first five in its settings) ------------------
INBOUND_BUFFER_SECONDS = env.number("INBOUND_BUFFER_SECONDS", 16)
INBOUND_BUFFER_MAX_SECONDS = env.number("INBOUND_BUFFER_MAX_SECONDS", 45)
OUTBOUND_SPACING_SECONDS = env.number("OUTBOUND_SPACING_SECONDS", 4)
HUMAN_OVERRIDE_HOURS = env.number("HUMAN_OVERRIDE_HOURS", 24)
WEBCHAT_VISITOR_PER_MINUTE = env.number("WEBCHAT_VISITOR_PER_MINUTE", 30, minimum=1)
WEBCHAT_ADDRESS_PER_MINUTE = env.number("WEBCHAT_ADDRESS_PER_MINUTE", 120, minimum=1)  # on all chats together
INGEST_MAX_BODIES = env.number("INGEST_MAX_BODIES", 1000, minimum=1)  # on their way in at once, in one process
INGEST_MAX_BODIES_PER_CLIENT = env.number("INGEST_MAX_BODIES_PER_CLIENT", 200, minimum=1)
INGEST_BODY_BYTES = env.number("INGEST_BODY_BYTES", 64 * 1024 * 1024)  # of unfinished bodies together
INGEST_BODY_SECONDS = env.number("INGEST_BODY_SECONDS", 20, minimum=1)  # for the whole of one
WEBHOOK_DEDUPE_SECONDS = env.number("WEBHOOK_DEDUPE_SECONDS", 120)
META_GRAPH_BASE_URL = env.text("META_GRAPH_BASE_URL", "https://graph.facebook.com")
META_GRAPH_VERSION = env.text("META_GRAPH_VERSION", "v25.0")
META_DIALOG_BASE_URL = env.text("META_DIALOG_BASE_URL", "https://www.facebook.com")  # where a person says yes
INSTAGRAM_GRAPH_BASE_URL = env.text("INSTAGRAM_GRAPH_BASE_URL", "https://graph.instagram.com")
INSTAGRAM_OAUTH_BASE_URL = env.text("INSTAGRAM_OAUTH_BASE_URL", "https://api.instagram.com")
YCLOUD_BASE_URL = env.text("YCLOUD_BASE_URL", "https://api.ycloud.com/v2")
TIENDANUBE_BASE_URL = env.text("TIENDANUBE_BASE_URL", "https://api.tiendanube.com/2025-03")
TIENDANUBE_AUTH_BASE_URL = env.text("TIENDANUBE_AUTH_BASE_URL", "https://www.tiendanube.com")  # its owner says yes
GOOGLE_TOKEN_URI = env.text("GOOGLE_TOKEN_URI", "https://oauth2.googleapis.com/token")
GOOGLE_CALENDAR_ENDPOINT = env.text("GOOGLE_CALENDAR_ENDPOINT", "https://www.googleapis.com/calendar/v3/")
GOOGLE_CONSENT_URL = env.text("GOOGLE_CONSENT_URL", "https://accounts.google.com/o/oauth2/v2/auth")
OPENAI_BASE_URL = env.text("OPENAI_BASE_URL", "https://api.openai.com/v1")
TRANSCRIPTION_MODEL = env.text("TRANSCRIPTION_MODEL", "whisper-1")
FIRST_MODELS = env.some("FIRST_MODELS", "gpt-5.6-terra,gpt-5.6-sol")  # OpenAI's, in the first steps, the usual first
GEMINI_BASE_URL = env.text("GEMINI_BASE_URL", "https://generativelanguage.googleapis.com/v1beta/openai/")
AUDIT_ANCHOR_FILE = env.text("AUDIT_ANCHOR_FILE")  # empty: DATA_DIR/audit/anchors.jsonl
AUDIT_ANCHOR_URL = env.text("AUDIT_ANCHOR_URL")  # where a machine out of reach keeps a copy
ALLOW_PRIVATE_PROVIDER_URLS = env.flag("ALLOW_PRIVATE_PROVIDER_URLS")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"link_tokens": {"()": "config.lib.link_tokens.LinkTokens"}},  # whatever writes addresses down
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["link_tokens"]}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx2": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "django.request": {"filters": ["link_tokens"]},
        "django.security.csrf": {"filters": ["link_tokens"]},
        "uvicorn.access": {"filters": ["link_tokens"], "handlers": ["console"], "propagate": False},
    },
}


def development_key(purpose: str) -> str:
    """A fixed key for development and tests, derived and of no value anywhere else."""
    return base64.b64encode(hashlib.sha256(f"sovereign-crm development {purpose}".encode()).digest()).decode()


# --- companies ------------------------------------------------------------------------------------------
OPEN_SIGNUP = env.flag("OPEN_SIGNUP")  # anybody may ask for a company; the first one of an empty platform always can be
TENANT_HOST_PATTERN = env.text("TENANT_HOST_PATTERN", "{slug}.localhost")
# Who may see what is asked of the apps that hold it: leads and chats for live events, and what ties a contact to somebody.
LIVE_HOLDERS = {
    "lead": "crm.access.lead_holders",
    "task": "crm.access.task_holders",
    "appointment": "crm.access.appointment_holders",
    "conversation": "messaging.access.chat_holders",
}
CONTACT_TIES = ["crm.access.lead_ties", "messaging.access.chat_ties"]
# What each app tells in the story of a contact.
TIMELINE = [
    "crm.services.timeline_sources.entries",
    "messaging.services.timeline.entries",
    "agents.services.timeline.entries",
]
CONTACT_CHANNELS = "messaging.services.timeline.channels"  # a contact's chats, as a column of a query of contacts
AI_SPENDING_OVER = "agents.services.ceiling.spending_is_over"  # whether a company's ceiling for today is reached
LEAD_ATTENDED = ["messaging.access.talking_agents"]  # chats in which an agent attends a lead just now
HANDOVER_CHATS = {"hand": "messaging.services.handing.hand", "back": "messaging.services.handing.back"}
MEMBER_ACTIVATED = ["crm.services.sellers.welcome"]  # called with the membership, inside its company
TENANT_SEEDERS = ["crm.services.stages.seed", "messaging.services.channels.seed", "agents.services.first_agent.seed"]
