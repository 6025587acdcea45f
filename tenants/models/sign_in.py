"""Signs of being signed in: tokens, sessions, second factors, keys of integrations."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from tenants.models.user import User
from tenants.sealed import SealedText


class RefreshToken(models.Model):
    """A refresh token's trace. The token itself is never stored; using one twice revokes its whole family."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE)
    family = models.UUIDField(default=uuid.uuid4, db_index=True)
    token_hash = models.CharField(max_length=64, unique=True)
    password_mark = models.CharField(max_length=16, default="")  # of the person's access_mark it was given for
    # The pair it was swapped for, sealed with the token itself: a client that did not hear the answer hears it again.
    successor = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)


class SignIn(models.Model):
    """One browser or integration that somebody signed in with, so that they can see it and end it."""

    class Kind(models.TextChoices):
        SESSION = "session", _("Navegador")
        TOKEN = "token", _("Integración")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=40, unique=True)  # the session's key, or the token family
    ip = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now_add=True)  # renewed every few minutes of use, not at every request
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at"], name="signin_user")]

    def __str__(self) -> str:
        return str(self.id)


class SecondFactor(models.Model):
    """A person's TOTP secret (RFC 6238). Without `confirmed_at` it was shown but never proved, and asks for nothing."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="+")
    secret = SealedText()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)  # of the newest code accepted, so that no code works twice
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.user_id)


class RecoveryCode(models.Model):
    """A code for the day the phone is lost; works once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    code_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "code_hash"], name="recovery_once")]

    def __str__(self) -> str:
        return str(self.pk)


class ApiKey(models.Model):
    """A key with which an integration acts for the person who made it, within `scopes` and never beyond that person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="+", verbose_name=_("empresa"))
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("actúa como"))
    name = models.CharField(_("nombre"), max_length=80)
    prefix = models.CharField(_("empieza con"), max_length=12)
    key_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("permisos"))
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    expires_at = models.DateTimeField(_("vence"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("último uso"), null=True, blank=True)  # to within some minutes
    revoked_at = models.DateTimeField(_("anulada"), null=True, blank=True)

    class Meta:
        verbose_name = _("clave de integración")
        verbose_name_plural = _("claves de integración")
        indexes = [models.Index(fields=["tenant", "-created_at"], name="apikey_tenant")]

    def __str__(self) -> str:
        return self.name
