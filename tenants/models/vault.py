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
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiada"), auto_now=True)

    class Meta:
        verbose_name = _("credencial")
        verbose_name_plural = _("credenciales")
        constraints = [models.UniqueConstraint(fields=["tenant", "category", "name"], name="credential_once")]

    def __str__(self) -> str:
        return f"{self.category}/{self.name}"
