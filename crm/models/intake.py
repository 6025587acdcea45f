from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class InboundForm(models.Model):
    """A door through which leads come in from outside: a public form, or an address for another system with a token."""

    class Kind(models.TextChoices):
        FORM = "form", _("Formulario público")
        WEBHOOK = "webhook", _("Entrada de otro sistema")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("tipo"), max_length=8, choices=Kind)
    name = models.CharField(_("nombre"), max_length=120)
    slug = models.SlugField(_("dirección"), max_length=60, unique=True)
    token_hash = models.CharField(max_length=64, blank=True)  # of a webhook; the token itself is shown once
    token_last4 = models.CharField(max_length=4, blank=True)
    title = models.CharField(_("título"), max_length=160, blank=True)
    intro = models.CharField(_("texto de arriba"), max_length=500, blank=True)
    thanks = models.CharField(_("texto al terminar"), max_length=500, blank=True)
    fields = models.JSONField(_("campos"), default=list, blank=True)  # [{"name", "required"}] or a mapping of a webhook
    source = models.CharField(_("origen"), max_length=60, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("etiquetas"))
    pipeline = models.ForeignKey(
        "crm.Pipeline", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("embudo")
    )
    owner = models.ForeignKey(
        "crm.Seller", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("vendedor")
    )
    consent_text = models.CharField(_("texto del consentimiento"), max_length=500, blank=True)
    allowed_domains = ArrayField(
        models.CharField(max_length=253), default=list, blank=True, verbose_name=_("sitios donde se muestra")
    )
    is_active = models.BooleanField(_("activo"), default=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)

    class Meta:
        verbose_name = _("formulario")
        verbose_name_plural = _("formularios")
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=["form", "webhook"]), name="form_kind")]

    def __str__(self) -> str:
        return self.name


class Submission(models.Model):
    """What came in through a form or webhook, and what became of it."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("Entró")
        REFUSED = "refused", _("No entró")
        TEST = "test", _("Prueba")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    form = models.ForeignKey(InboundForm, models.CASCADE, related_name="submissions", verbose_name=_("formulario"))
    external_id = models.CharField(max_length=120, null=True, blank=True)  # the sender's own id, or its idempotency key
    payload = models.JSONField(default=dict)
    state = models.CharField(_("estado"), max_length=10, choices=State)
    error = models.CharField(_("por qué"), max_length=300, blank=True)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, blank=True, related_name="+")
    lead = models.ForeignKey("crm.Lead", models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)

    class Meta:
        verbose_name = _("envío")
        verbose_name_plural = _("envíos")
        constraints = [models.UniqueConstraint(fields=["form", "external_id"], name="submission_once")]
        indexes = [models.Index(fields=["form", "-at", "-id"], name="submission_recent")]

    def __str__(self) -> str:
        return f"{self.form_id} {self.state}"


class ImportBatch(models.Model):
    """A spreadsheet on its way in, row by row in a worker."""

    class Status(models.TextChoices):
        MAPPING = "mapping", _("Faltan las columnas")
        CHECKING = "checking", _("Revisando")
        CHECKED = "checked", _("Revisado")
        IMPORTING = "importing", _("Importando")
        DONE = "done", _("Importado")
        UNDOING = "undoing", _("Deshaciendo")
        UNDONE = "undone", _("Deshecho")
        STOPPED = "stopped", _("Detenido")
        FAILED = "failed", _("No se pudo leer")

    class Policy(models.TextChoices):
        SKIP = "skip", _("Dejar como está al que ya existe")
        FILL = "fill", _("Completar lo que le falta")
        REPLACE = "replace", _("Reemplazar con lo del archivo")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    filename = models.CharField(_("archivo"), max_length=240)
    file = models.CharField(max_length=300)  # path below the company's folder
    columns = models.JSONField(default=list)  # headings as found
    sample = models.JSONField(default=list)  # the first rows, for choosing columns
    mapping = models.JSONField(default=dict)  # heading → field
    options = models.JSONField(default=dict)  # encoding, separator, sheet, tags, source, owner
    policy = models.CharField(_("si ya existe"), max_length=8, choices=Policy, default=Policy.FILL)
    makes_leads = models.BooleanField(_("crear un lead por persona"), default=True)
    status = models.CharField(_("estado"), max_length=10, choices=Status, default=Status.MAPPING)
    error = models.CharField(_("problema"), max_length=300, blank=True)
    total = models.PositiveIntegerField(_("filas"), default=0)
    done = models.PositiveIntegerField(_("revisadas"), default=0)
    created = models.PositiveIntegerField(_("nuevos"), default=0)
    updated = models.PositiveIntegerField(_("completados"), default=0)
    skipped = models.PositiveIntegerField(_("sin cambio"), default=0)
    refused = models.PositiveIntegerField(_("con error"), default=0)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("subido"), auto_now_add=True)
    finished_at = models.DateTimeField(_("terminado"), null=True, blank=True)
    undone_at = models.DateTimeField(_("deshecho"), null=True, blank=True)

    class Meta:
        verbose_name = _("importación")
        verbose_name_plural = _("importaciones")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="import_recent"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(status__in=["checking", "importing", "undoing"]),
                name="import_due",
            ),
        ]

    def __str__(self) -> str:
        return self.filename


class ImportRow(models.Model):
    """What one line of the file did, and what was there before it."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("Nuevo")
        UPDATED = "updated", _("Completado")
        SKIPPED = "skipped", _("Sin cambio")
        REFUSED = "refused", _("Con error")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("fila"))  # as the spreadsheet counts, the heading being 1
    outcome = models.CharField(_("resultado"), max_length=8, choices=Outcome)
    error = models.CharField(_("problema"), max_length=300, blank=True)
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, blank=True, related_name="+")
    lead = models.ForeignKey("crm.Lead", models.SET_NULL, null=True, blank=True, related_name="+")
    # What the row changed, field by field, from and to; what it made, and when; or its errors (crm.importing).
    before = models.JSONField(default=dict)
    undone = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("fila importada")
        verbose_name_plural = _("filas importadas")
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="importrow_once")]
        indexes = [
            models.Index(fields=["contact"], name="importrow_contact"),
            models.Index(fields=["lead"], name="importrow_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.number}"
