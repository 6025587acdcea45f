import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from tenants.domain import roles
from tenants.permission_words import ROLE_CHOICES, SCOPE_CHOICES


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


def fresh_mark() -> str:
    return secrets.token_urlsafe(24)


class User(AbstractBaseUser):
    """A person, global to the platform. `tenant_ids` repeats the memberships so that row security can read it without a join.

    What proves who somebody is (password, second factor) lies in tables of the sign-in role: a company's role, which may
    read its people, cannot read a hash to try words on. `access_mark` changes whenever every sign-in must end.
    """

    password = None  # type: ignore[assignment]  # kept apart, see Password
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("correo"), unique=True)
    name = models.CharField(_("nombre"), max_length=120)
    locale = models.CharField(_("idioma"), max_length=8, blank=True)
    is_active = models.BooleanField(_("activo"), default=True)
    is_platform_staff = models.BooleanField(_("equipo de la plataforma"), default=False)
    tenant_ids = ArrayField(models.BigIntegerField(), default=list, blank=True, editable=False)
    email_confirmed_at = models.DateTimeField(_("correo confirmado"), null=True, blank=True, editable=False)
    access_mark = models.CharField(max_length=43, default=fresh_mark, editable=False)
    created_at = models.DateTimeField(_("alta"), auto_now_add=True)
    last_login = None  # a shared table must not be written on every sign-in

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personas")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_ci")]

    def __str__(self) -> str:
        return self.name or self.email

    def set_password(self, raw_password: str | None) -> None:
        """Takes effect at `save`; ends every session and token. None = no password opens this account."""
        self._new_password = make_password(raw_password)
        self.access_mark = fresh_mark()

    def set_unusable_password(self) -> None:
        self.set_password(None)

    def check_password(self, raw_password: str | None) -> bool:
        """Call in the sign-in scope."""
        stored = Password.objects.filter(user_id=self.pk).first()
        return stored is not None and check_password(raw_password, stored.hash)

    def save(self, *args: Any, **kwargs: Any) -> None:
        new = self.__dict__.pop("_new_password", None)
        if new is not None and kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "access_mark"}
        super().save(*args, **kwargs)
        if new is not None:
            Password.objects.using(kwargs.get("using")).update_or_create(user=self, defaults={"hash": new})

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        return salted_hmac("tenants.access", self.access_mark, secret=secret, algorithm="sha256").hexdigest()

    @property
    def is_staff(self) -> bool:
        """Django's admin asks for this name; what a person may do there is decided per company."""
        return self.is_active


class Password(models.Model):
    """A person's password hash. Only the sign-in role reads it."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="+")
    hash = models.CharField(max_length=128)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return str(self.user_id)


class Team(models.Model):
    """People of a company who see one another's leads and chats."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="+", verbose_name=_("empresa"))
    name = models.CharField(_("nombre"), max_length=80)
    created_at = models.DateTimeField(_("desde"), auto_now_add=True)

    class Meta:
        verbose_name = _("equipo")
        verbose_name_plural = _("equipos")
        constraints = [models.UniqueConstraint("tenant", Lower("name"), name="team_once")]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> "MembershipQuerySet":
        return self.filter(status=Membership.Status.ACTIVE, user__is_active=True)


class Membership(models.Model):
    """What a person is in a company."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Pendiente")
        ACTIVE = "active", _("Activa")
        SUSPENDED = "suspended", _("Suspendida")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("persona"))
    tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="memberships", verbose_name=_("empresa"))
    role = models.CharField(_("rol"), max_length=20, choices=ROLE_CHOICES)
    status = models.CharField(_("estado"), max_length=12, choices=Status, default=Status.PENDING)
    scope = models.CharField(_("alcance"), max_length=8, choices=SCOPE_CHOICES, blank=True)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="members", verbose_name=_("equipo")
    )
    created_at = models.DateTimeField(_("desde"), auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("miembro")
        verbose_name_plural = _("miembros")
        constraints = [
            models.UniqueConstraint(fields=["user", "tenant"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=roles.ROLES), name="membership_role"),
            models.CheckConstraint(condition=models.Q(scope__in=["", *roles.SCOPES]), name="membership_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.role}"

    narrowed_to: frozenset[str] | None = None  # the scopes of the API key that acts for this person
    visit_ends: datetime | None = None  # of the platform's staff on a visit, who have no row

    def may(self, permission: str) -> bool:
        if self.status != self.Status.ACTIVE or permission not in roles.permissions(self.role):
            return False
        return self.narrowed_to is None or permission in self.narrowed_to

    @property
    def sees(self) -> str:
        """Whose leads and chats: own, team or all. The company may set it for one person; else the role decides."""
        return roles.scope_of(self.role, self.scope)
