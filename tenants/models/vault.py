from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class Category(models.TextChoices):
    OPENAI = "openai", "OpenAI"
    GOOGLE = "google", "Google"
    SMTP = "smtp", "SMTP"
    TIENDANUBE = "tiendanube", "Tienda Nube"
    WHATSAPP_CLOUD = "whatsapp_cloud", "WhatsApp Cloud"
    META = "meta", "Meta"
    INSTAGRAM = "instagram", "Instagram"
    FACEBOOK = "facebook", "Facebook"
    YCLOUD = "ycloud", "YCloud"
    CHATWOOT = "chatwoot", "Chatwoot"
    SUPABASE = "supabase", "Supabase"
    WEBHOOK = "webhook", "Webhook"
    TOOLS = "tools", _("Herramientas propias")


class DataKey(models.Model):
    """A company's data key, wrapped by the key ring of `VAULT_KEYS`."""

    tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    key_id = models.CharField(max_length=40)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("clave de datos")
        verbose_name_plural = _("claves de datos")
        constraints = [models.UniqueConstraint(fields=["tenant", "version"], name="datakey_version")]

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.version}"


class Health(models.TextChoices):
    UNKNOWN = "unknown", _("Sin probar")
    OK = "ok", _("Funciona")
    FAILING = "failing", _("Falla")


class Credential(models.Model):
    """A secret of one company. The value is written only; lists show name and last four."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="+", verbose_name=_("empresa"))
    category = models.CharField(_("categoría"), max_length=20, choices=Category)
    name = models.CharField(_("nombre"), max_length=80)
    version = models.PositiveIntegerField(_("versión"), default=1)
    data_key_version = models.PositiveIntegerField()
    sealed = models.BinaryField()
    last_four = models.CharField(_("termina en"), max_length=4, blank=True)
    expires_at = models.DateTimeField(_("vence"), null=True, blank=True)
    health = models.CharField(_("prueba"), max_length=8, choices=Health, default=Health.UNKNOWN)
    health_detail = models.CharField(_("detalle"), max_length=300, blank=True)
    checked_at = models.DateTimeField(_("probada"), null=True, blank=True)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiada"), auto_now=True)

    class Meta:
        verbose_name = _("credencial")
        verbose_name_plural = _("credenciales")
        constraints = [models.UniqueConstraint(fields=["tenant", "category", "name"], name="credential_once")]

    def __str__(self) -> str:
        return f"{self.category}/{self.name}"


class CredentialVersion(models.Model):
    """A value that a credential had before, still sealed, so that a wrong one can be taken back."""

    credential = models.ForeignKey(Credential, models.CASCADE, related_name="versions")
    tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    data_key_version = models.PositiveIntegerField()
    sealed = models.BinaryField()
    last_four = models.CharField(max_length=4, blank=True)
    written_by = models.CharField(max_length=160, blank=True)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["credential", "version"], name="credential_version_once")]

    def __str__(self) -> str:
        return f"{self.credential_id}/{self.version}"


class PlatformCredential(models.Model):
    """A secret of the platform, lent to `everyone` or to the companies of `tenant_ids`; a company's own one wins.

    Sealed with the key ring itself (`key_id`), not with any company's data key.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    category = models.CharField(_("categoría"), max_length=20, choices=Category)
    name = models.CharField(_("nombre"), max_length=80)
    version = models.PositiveIntegerField(_("versión"), default=1)
    key_id = models.CharField(max_length=40)
    sealed = models.BinaryField()
    last_four = models.CharField(_("termina en"), max_length=4, blank=True)
    everyone = models.BooleanField(_("para todas las empresas"), default=False)
    tenant_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    expires_at = models.DateTimeField(_("vence"), null=True, blank=True)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiada"), auto_now=True)

    class Meta:
        verbose_name = _("credencial de la plataforma")
        verbose_name_plural = _("credenciales de la plataforma")
        constraints = [models.UniqueConstraint(fields=["category", "name"], name="platform_credential_once")]

    def __str__(self) -> str:
        return f"{self.category}/{self.name}"
