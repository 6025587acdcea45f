import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

django = get_wsgi_application()  # sets Django up: before anything that reads its settings

from config.static_files import with_files  # noqa: E402 (likewise)

application = with_files(django)
