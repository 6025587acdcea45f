"""Fragment requests: a page includes its own fragments, and htmx may ask for one alone."""

from django.http import HttpRequest, HttpResponse


def is_fragment(request: HttpRequest) -> bool:
    """Whether only a part of the page is wanted. A history restore wants the whole page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """After a write: a redirect, which htmx must follow as a page and not paste into a fragment."""
    if is_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponse(status=303, headers={"Location": url})
