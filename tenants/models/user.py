import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from tenants.domain import roles


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person, global to the platform. `tenant_ids` repeats the memberships so that row security can read it without a join."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("correo"), unique=True)
    name = models.CharField(_("nombre"), max_length=120)
    locale = models.CharField(_("idioma"), max_length=8, blank=True)
    is_active = models.BooleanField(_("activo"), default=True)
    is_platform_staff = models.BooleanField(_("equipo de la plataforma"), default=False)
    tenant_ids = ArrayField(models.BigIntegerField(), default=list, blank=True, editable=False)
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

    @property
    def is_staff(self) -> bool:
        """Django's admin asks for this name; what a person may do there is decided per company."""
        return self.is_active


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
    role = models.CharField(_("rol"), max_length=20, choices=roles.CHOICES)
    status = models.CharField(_("estado"), max_length=12, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(_("desde"), auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("miembro")
        verbose_name_plural = _("miembros")
        constraints = [
            models.UniqueConstraint(fields=["user", "tenant"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=roles.ROLES), name="membership_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.role}"

    def may(self, permission: str) -> bool:
        return self.status == self.Status.ACTIVE and permission in roles.permissions(self.role)


class RefreshToken(models.Model):
    """A refresh token's trace. The token itself is never stored; using one twice revokes its whole family."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE)
    family = models.UUIDField(default=uuid.uuid4, db_index=True)
    token_hash = models.CharField(max_length=64, unique=True)
    password_mark = models.CharField(max_length=16, default="")  # of the password it was given for
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)
