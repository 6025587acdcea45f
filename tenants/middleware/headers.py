"""The security headers of every answer: pages, API, admin, files, webhooks, refusals. Each only where none is set yet."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()"
CLOSED_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# What an answer that says nothing of its own gets; pages have their own policy (settings.CONTENT_SECURITY_POLICY).
PLAIN_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
    "Content-Security-Policy": CLOSED_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def transport_security() -> str:
    """The value of Strict-Transport-Security, to be sent over TLS only (RFC 6797 §7.2); empty where it is switched off."""
    if not settings.SECURE_HSTS_SECONDS:
        return ""
    words = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    words += ["includeSubDomains"] if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else []
    words += ["preload"] if settings.SECURE_HSTS_PRELOAD else []
    return "; ".join(words)


class SecurityHeadersMiddleware:
    """Outermost, so that also redirects to TLS, static files and refused hosts have them all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in PLAIN_HEADERS.items():
            # Django's own pages about a mistake in development live from inline styles.
            if not (name == "Content-Security-Policy" and settings.DEBUG and response.status_code in (404, 500)):
                response.headers.setdefault(name, value)
        if "Content-Security-Policy" in response.headers:
            response.headers.setdefault("Reporting-Endpoints", f'csp="{settings.CSP_REPORT_PATH}"')
        strict = transport_security()
        if strict and request.is_secure():
            response.headers.setdefault("Strict-Transport-Security", strict)
        return response
