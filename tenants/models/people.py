"""Ways in: links that work once, e-mails, asked-for companies, and the platform's own visits."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from tenants.models.tenant import Tenant, Trade
from tenants.models.user import User
from tenants.permission_words import ROLE_CHOICES


class OneTimeLink(models.Model):
    """An address that does one thing once. Only the hash of its token is kept, and whoever delivers it makes the token:
    the e-mail at the moment it leaves, the page at the moment somebody copies it, the command that prints it."""

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("Invitación")
        ACTIVATION = "activation", _("Activación")
        RESET = "reset", _("Contraseña nueva")
        EMAIL_CHANGE = "email_change", _("Cambio de correo")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("tipo"), max_length=12, choices=Kind)
    tenant = models.ForeignKey(Tenant, models.CASCADE, null=True, related_name="+", verbose_name=_("empresa"))
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", verbose_name=_("persona"))
    email = models.EmailField(_("correo"))
    role = models.CharField(_("rol"), max_length=20, choices=ROLE_CHOICES, blank=True)
    token_hash = models.CharField(max_length=64, null=True, unique=True)  # null: not delivered yet
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("de parte de"))
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    expires_at = models.DateTimeField(_("vence"))
    used_at = models.DateTimeField(_("usado"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("anulado"), null=True, blank=True)

    class Meta:
        verbose_name = _("enlace")
        verbose_name_plural = _("enlaces")
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="link_tenant"),
            models.Index(fields=["user", "kind"], name="link_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.email}"


class Email(models.Model):
    """A message to a person of ours. Its words are made when it leaves, so no row or queue ever holds a link's secret."""

    class State(models.TextChoices):
        QUEUED = "queued", _("En cola")
        SENDING = "sending", _("Enviando")
        SENT = "sent", _("Enviado")
        UNDELIVERABLE = "undeliverable", _("No se pudo entregar")
        CANCELLED = "cancelled", _("Cancelado")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, null=True, related_name="+", verbose_name=_("empresa"))
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", verbose_name=_("persona"))
    link = models.ForeignKey(OneTimeLink, models.CASCADE, null=True, related_name="emails", verbose_name=_("enlace"))
    to = models.EmailField(_("para"))
    kind = models.CharField(_("tipo"), max_length=40)
    locale = models.CharField(max_length=8, default="es")
    context = models.JSONField(default=dict, blank=True)  # names and dates, never a secret
    state = models.CharField(_("estado"), max_length=14, choices=State, default=State.QUEUED)
    error = models.CharField(_("problema"), max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(_("intentos"), default=0)
    due_at = models.DateTimeField(null=True)  # null: nothing left to do
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    sent_at = models.DateTimeField(_("enviado"), null=True, blank=True)

    class Meta:
        verbose_name = _("correo")
        verbose_name_plural = _("correos")
        indexes = [
            models.Index(fields=["due_at"], name="email_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["tenant", "-created_at"], name="email_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.to}"


class CompanyRequest(models.Model):
    """A company that a person asked for. A worker makes it; repeating that completes what was begun."""

    class State(models.TextChoices):
        QUEUED = "queued", _("En preparación")
        READY = "ready", _("Lista")
        FAILED = "failed", _("Falló")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("persona"))
    slug = models.SlugField(_("identificador"), max_length=40)
    name = models.CharField(_("nombre"), max_length=120)
    trade = models.CharField(_("rubro"), max_length=20, choices=Trade, default=Trade.SALES)
    timezone = models.CharField(_("zona horaria"), max_length=64)
    locale = models.CharField(_("idioma"), max_length=8, default="es")
    currency = models.CharField(_("moneda"), max_length=3)
    tenant = models.ForeignKey(Tenant, models.SET_NULL, null=True, related_name="+", verbose_name=_("empresa"))
    state = models.CharField(_("estado"), max_length=8, choices=State, default=State.QUEUED)
    error = models.CharField(_("problema"), max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(_("intentos"), default=0)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("pedida"), auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="request_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.slug


class Onboarding(models.Model):
    """How far a company is with its first steps: `steps` maps a step's name to {"done_at"} or {"skipped_at"}."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="+")
    steps = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.tenant_id)


class PlatformAccess(models.Model):
    """A visit of the platform's staff to a company: for a reason, for a time, seen by the company, ended by either."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("quién"))
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", verbose_name=_("empresa"))
    person = models.CharField(_("nombre"), max_length=160)  # the company's role cannot read people who are not its own
    reason = models.CharField(_("motivo"), max_length=300)
    created_at = models.DateTimeField(_("desde"), auto_now_add=True)
    expires_at = models.DateTimeField(_("termina"))
    ended_at = models.DateTimeField(_("terminado"), null=True, blank=True)
    ended_by = models.CharField(_("terminado por"), max_length=160, blank=True)

    class Meta:
        verbose_name = _("visita de la plataforma")
        verbose_name_plural = _("visitas de la plataforma")
        indexes = [models.Index(fields=["tenant", "-created_at"], name="visit_tenant")]

    def __str__(self) -> str:
        return f"{self.person} → {self.tenant_id}"
