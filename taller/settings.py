"""Django's settings. What a shop may change comes from taller.env; the rest is decided here."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from taller import VERSION  # noqa: F401  the build that pages and tablets name
from taller.database import BUSY_SECONDS  # noqa: F401  verbs wait as long as the database itself
from taller.env import load
from taller.logs import logging_settings
from taller.reader import BadEnvironmentError

BASE_DIR = Path(__file__).resolve().parent.parent

try:
    ENVIRONMENT = load(BASE_DIR)
except BadEnvironmentError as error:
    # Every process starts here, so this is the one place where a bad setting becomes a sentence, not a traceback.
    raise SystemExit(str(error)) from None

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
PUBLIC_URL = ENVIRONMENT.public_url
TALLER_VAR = ENVIRONMENT.var

# The loopback names serve probes and the tablet on the server itself.
ALLOWED_HOSTS = [ENVIRONMENT.public_host, "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    # They only change `runserver`; every other command would pay half a second for them.
    *(["whitenoise.runserver_nostatic", "daphne"] if DEBUG else []),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "channels",
    "csp",
    "django_eventstream",
    "django_htmx",
    "ninja",
    "occupation",
    "dashboard",
]

MIDDLEWARE = [
    # Outermost, so that what any other layer refuses under /api/ is said in JSON too.
    "occupation.api.middleware.envelope_middleware",
    "occupation.api.middleware.credential_middleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "taller.headers.permissions_policy_middleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "occupation.views.supervisor.office_on_tablets_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Last: it replaces the answer to a login that was tried too often.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "taller.urls"
ASGI_APPLICATION = "taller.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": ENVIRONMENT.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]

# Five failed logins of one user from one address close the door to that pair for a while. They are counted in the
# database, so that every web process knows of them; the log of successful logins is Django's own.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "admin/login_bloqueado.html"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# What a client of a stream missed is read from the process' memory.
EVENTSTREAM_STORAGE_CLASS = "dashboard.feed.FeedStorage"

LANGUAGE_CODE = "es"
FORMAT_MODULE_PATH = "taller.formats"
TIME_ZONE = ENVIRONMENT.time_zone
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = TALLER_VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Hashed names let browsers keep a file for ever; the manifest is made by collectstatic, which `make run` runs.
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# A body over 1 MB is answered with 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

SESSION_COOKIE_NAME = "taller_sesion"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENVIRONMENT.https
CSRF_COOKIE_NAME = "taller_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = ENVIRONMENT.https

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = ENVIRONMENT.secure_ssl_redirect
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if ENVIRONMENT.https else 0
# Only a proxy speaks https for us, so its word counts only when the shop is published under https.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.https else None
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # other names under the shop's domain are not ours to force to https
    "security.W008",  # the proxy redirects to https; SECURE_SSL_REDIRECT=1 does it here
    "security.W021",  # browsers' preload lists are for public sites
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LOGGING = logging_settings(ENVIRONMENT.log_level, ENVIRONMENT.log_format)

REDIS_URL = ENVIRONMENT.redis_url
LOCK_TTL_SECONDS = ENVIRONMENT.lock_ttl_seconds
SOLD_REQUIERE_ARM = ENVIRONMENT.sold_requiere_arm
OCUPACION_LARGA_HORAS = ENVIRONMENT.ocupacion_larga_horas
PIN_TRABAJADORES = ENVIRONMENT.pin_trabajadores

SHEETS_BACKEND = ENVIRONMENT.sheets.backend
LOCAL_WORKBOOK = ENVIRONMENT.sheets.local_workbook
GOOGLE_SHEET_ID = ENVIRONMENT.sheets.google_sheet_id
GOOGLE_APPLICATION_CREDENTIALS = ENVIRONMENT.sheets.credentials_file
GOOGLE_APPLICATION_CREDENTIALS_JSON = ENVIRONMENT.sheets.credentials_json
SHEETS_API_URL = ENVIRONMENT.sheets.api_url
HOJA_OPERACIONES = ENVIRONMENT.sheets.operaciones
HOJA_TRABAJADORES = ENVIRONMENT.sheets.trabajadores
HOJA_ROLES = ENVIRONMENT.sheets.roles
HOJA_METADATA = ENVIRONMENT.sheets.metadata
SHEETS_WRITES_PER_MINUTE = ENVIRONMENT.sheets.writes_per_minute
SHEETS_READS_PER_MINUTE = ENVIRONMENT.sheets.reads_per_minute
SYNC_INTERVAL_SECONDS = ENVIRONMENT.sheets.sync_interval_seconds
