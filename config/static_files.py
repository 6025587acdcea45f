"""Static files, answered before Django is asked: as a middleware they would send every request through a second thread."""

from typing import Any
from wsgiref.types import WSGIApplication

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from servestatic import ServeStatic


def with_files(application: WSGIApplication) -> WSGIApplication:
    """`application` behind the files of STATIC_URL: the collected ones, or with STATIC_FROM_SOURCES each where it was built."""
    live = settings.STATIC_FROM_SOURCES
    files = ServeStatic(application, autorefresh=live, max_age=0 if live else 60, allow_all_origins=False)
    for folder in _sources() if live else [settings.STATIC_ROOT]:
        files.add_files(folder, prefix=settings.STATIC_URL)
    return files


def _sources() -> list[Any]:
    """The last one wins, as the first of Django's finders does."""
    finders: list[Any] = list(get_finders())
    return [storage.location for finder in finders for storage in finder.storages.values()][::-1]
