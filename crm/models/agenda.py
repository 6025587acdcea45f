from typing import TYPE_CHECKING, Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from crm.models.lead import Lead
from crm.models.seller import Seller
from tenants import circle
from tenants.domain import roles

if TYPE_CHECKING:
    from tenants.models import Membership


class Service(models.Model):
    """Something that is booked: how long it takes, what is kept free around it, how early and how far ahead."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("nombre"), max_length=120)
    description = models.CharField(_("descripción"), max_length=500, blank=True)
    duration_minutes = models.PositiveSmallIntegerField(_("dura, en minutos"), default=60)
    price = models.DecimalField(_("precio"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("moneda"), max_length=3, blank=True)
    color = models.CharField(_("color"), max_length=20, blank=True)
    place = models.CharField(_("dónde"), max_length=200, blank=True)  # an address, or a link
    buffer_before = models.PositiveSmallIntegerField(_("minutos libres antes"), default=0)
    buffer_after = models.PositiveSmallIntegerField(_("minutos libres después"), default=0)
    notice_minutes = models.PositiveIntegerField(_("aviso mínimo, en minutos"), default=0)
    horizon_days = models.PositiveSmallIntegerField(_("hasta cuántos días adelante"), default=60)
    daily_limit = models.PositiveSmallIntegerField(_("por día y vendedor, como máximo"), null=True, blank=True)
    step_minutes = models.PositiveSmallIntegerField(_("un turno cada, en minutos"), default=60)
    is_public = models.BooleanField(_("en la página de reservas"), default=True)
    is_active = models.BooleanField(_("activo"), default=True)
    position = models.PositiveSmallIntegerField(_("orden"), default=0)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)

    class Meta:
        verbose_name = _("servicio")
        verbose_name_plural = _("servicios")
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=720), name="service_length"
            ),
            models.CheckConstraint(condition=Q(step_minutes__gte=5, step_minutes__lte=720), name="service_step"),
            models.CheckConstraint(condition=Q(horizon_days__gte=1, horizon_days__lte=366), name="service_horizon"),
        ]

    def __str__(self) -> str:
        return self.name


class HoursException(models.Model):
    """One day whose hours differ: of one seller, or of everybody (`seller` null), where it also opens a holiday."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seller = models.ForeignKey(
        Seller, models.CASCADE, null=True, blank=True, related_name="exceptions", verbose_name=_("vendedor")
    )
    day = models.DateField(_("día"))
    spans = models.JSONField(_("horario"), default=list, blank=True)  # [["09:00", "13:00"]]; empty = closed
    reason = models.CharField(_("motivo"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("día distinto")
        verbose_name_plural = _("días distintos")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["seller", "day"], nulls_distinct=False, name="hoursexception_once")
        ]

    def __str__(self) -> str:
        return f"{self.day}"


class AgendaSettings(models.Model):
    """How the company's agenda behaves; one row, made with the defaults when first read."""

    class Holidays(models.TextChoices):
        NONE = "", _("No cerrar por feriados")
        AR = "AR", _("Argentina")
        MX = "MX", _("México")
        CO = "CO", _("Colombia")
        CL = "CL", _("Chile")
        ES = "ES", _("España")

    id = models.BigIntegerField(primary_key=True, default=1, editable=False)
    holidays = models.CharField(_("feriados de"), max_length=2, choices=Holidays, blank=True, default="")
    offer_minutes = models.PositiveSmallIntegerField(_("un horario ofrecido vale, en minutos"), default=30)
    reminder_hours = models.JSONField(_("recordar tantas horas antes"), default=list, blank=True)  # [24, 2], or none
    reminder_template = models.CharField(_("plantilla del recordatorio"), max_length=512, blank=True)
    reminder_language = models.CharField(_("idioma de la plantilla"), max_length=12, blank=True)
    page_on = models.BooleanField(_("página de reservas abierta"), default=False)
    page_title = models.CharField(_("título de la página"), max_length=120, blank=True)
    page_intro = models.CharField(_("texto de la página"), max_length=500, blank=True)
    page_color = models.CharField(_("color de la página"), max_length=20, blank=True)
    page_consent = models.CharField(_("texto del consentimiento"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("ajustes de la agenda")
        verbose_name_plural = _("ajustes de la agenda")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="agendasettings_one")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class AgendaEventQuerySet(models.QuerySet["AgendaEvent"]):
    def standing(self) -> "AgendaEventQuerySet":
        """Whatever takes its time from others, holds included."""
        return self.exclude(status=AgendaEvent.Status.CANCELLED)

    def upcoming(self) -> "AgendaEventQuerySet":
        """Booked and neither over nor called off, whenever it is."""
        return self.filter(status__in=[AgendaEvent.Status.SCHEDULED, AgendaEvent.Status.CONFIRMED])

    def visible_to(self, member: "Membership") -> "AgendaEventQuerySet":
        """Those of the member's own seller (or their circle's), and those of a lead that they may see.

        When somebody else is busy anybody may know, but not with whom.
        """
        if member.sees == roles.ALL:
            return self
        led = models.Exists(Lead.objects.visible_to(member).filter(pk=models.OuterRef("lead")))
        return self.filter(Q(seller__user__in=circle.of(member)) | led)


class AgendaEvent(models.Model):
    """A time of a seller that is taken: an appointment with somebody, something of their own, or a short hold.

    `starts_at` to `ends_at` is what people see; `period` also has the free minutes around it and is what the database
    keeps from overlapping. It changes in crm.agenda.booking and crm.agenda.events only.
    """

    class Kind(models.TextChoices):
        MEETING = "meeting", _("Cita")
        BUSY = "busy", _("Ocupado")

    class Status(models.TextChoices):
        HELD = "held", _("Apartada")
        SCHEDULED = "scheduled", _("Agendada")
        CONFIRMED = "confirmed", _("Confirmada")
        DONE = "done", _("Hecha")
        NO_SHOW = "no_show", _("No vino")
        CANCELLED = "cancelled", _("Cancelada")

    class Source(models.TextChoices):
        PAGE = "page", _("Agenda")
        API = "api", _("API")
        AGENT = "agent", _("Agente")
        PUBLIC = "public", _("Página de reservas")
        GOOGLE = "google", _("Google Calendar")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="events", verbose_name=_("vendedor"))
    # Which seller, as a number that a range can hold: the end of their id.
    lane = models.GeneratedField(
        expression=Func(
            F("seller"), template="('x' || replace(right((%(expressions)s)::text, 17), '-', ''))::bit(64)::bigint"
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    contact = models.ForeignKey(
        "crm.Contact", models.CASCADE, null=True, blank=True, related_name="appointments", verbose_name=_("contacto")
    )
    lead = models.ForeignKey(
        "crm.Lead", models.SET_NULL, null=True, blank=True, related_name="appointments", verbose_name=_("lead")
    )
    service = models.ForeignKey(
        Service, models.SET_NULL, null=True, blank=True, related_name="events", verbose_name=_("servicio")
    )
    kind = models.CharField(_("tipo"), max_length=8, choices=Kind, default=Kind.MEETING)
    status = models.CharField(_("estado"), max_length=10, choices=Status, default=Status.SCHEDULED)
    source = models.CharField(_("de dónde"), max_length=8, choices=Source, default=Source.PAGE)
    title = models.CharField(_("título"), max_length=200, blank=True)
    note = models.TextField(_("nota interna"), blank=True)
    place = models.CharField(_("dónde"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("empieza"))
    ends_at = models.DateTimeField(_("termina"))
    period = DateTimeRangeField()  # with the free minutes around it; its end is not part of it
    hold_until = models.DateTimeField(null=True, blank=True)  # of a hold
    # What makes a repeated booking the same one: an offer's number, or the caller's own key.
    booking_key = models.CharField(max_length=80, null=True, blank=True, unique=True)
    why = models.JSONField(_("por qué este vendedor"), default=dict, blank=True)  # {"code": "owner", …}
    moves = models.PositiveSmallIntegerField(_("veces que se movió"), default=0)
    confirmed_at = models.DateTimeField(_("confirmada"), null=True, blank=True)
    outcome = models.CharField(_("resultado"), max_length=300, blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelada"), null=True, blank=True)
    cancel_reason = models.CharField(_("motivo de la cancelación"), max_length=300, blank=True)
    next_reminder_at = models.DateTimeField(null=True, blank=True)
    outcome_asked_at = models.DateTimeField(null=True, blank=True)
    # The copy in the seller's external calendar. `revision` grows with each change of ours that it should have.
    google_calendar_id = models.CharField(max_length=300, blank=True)
    google_calendar_event_id = models.CharField(max_length=1024, blank=True)
    google_etag = models.CharField(max_length=100, blank=True)
    revision = models.PositiveIntegerField(default=1)
    pushed_revision = models.PositiveIntegerField(default=0)
    push_after = models.DateTimeField(null=True, blank=True)  # not tried again before then; also the lease of who tries
    push_attempts = models.PositiveSmallIntegerField(default=0)
    push_error = models.CharField(max_length=300, blank=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(_("quién la creó"), max_length=160, blank=True)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiada"), auto_now=True)

    objects = AgendaEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("cita")
        verbose_name_plural = _("citas")
        constraints = [
            ExclusionConstraint(
                name="agendaevent_alone",
                expressions=[
                    (Func(F("lane"), F("lane"), Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=~Q(status="cancelled"),
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="agendaevent_order"),
            models.CheckConstraint(condition=~Q(status="held") | Q(hold_until__isnull=False), name="agendaevent_hold"),
            models.UniqueConstraint(
                fields=["google_calendar_id", "google_calendar_event_id"],
                condition=~Q(google_calendar_event_id=""),
                name="agendaevent_google",
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "starts_at"], name="agendaevent_seller"),
            models.Index(fields=["starts_at", "id"], name="agendaevent_when"),
            models.Index(fields=["contact", "-starts_at"], name="agendaevent_contact"),
            models.Index(fields=["lead", "-starts_at"], name="agendaevent_lead"),
            models.Index(fields=["hold_until"], condition=Q(status="held"), name="agendaevent_holds"),
            models.Index(
                fields=["next_reminder_at"], condition=Q(next_reminder_at__isnull=False), name="agendaevent_remind"
            ),
            models.Index(
                fields=["ends_at"],
                condition=Q(status__in=["scheduled", "confirmed"], kind="meeting"),
                name="agendaevent_open",
            ),
            models.Index(
                fields=["push_after", "id"], condition=Q(revision__gt=F("pushed_revision")), name="agendaevent_push"
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.get_kind_display())

    @property
    def is_upcoming(self) -> bool:
        return self.status in (self.Status.SCHEDULED, self.Status.CONFIRMED)


class CalendarConnection(models.Model):
    """The company's way into Google Calendar; the secrets themselves are in the vault."""

    class Way(models.TextChoices):
        OAUTH = "oauth", _("Cuenta de Google")
        SERVICE = "service_account", _("Cuenta de servicio")

    class State(models.TextChoices):
        CONNECTED = "connected", _("Conectado")
        FAILING = "failing", _("Con problemas")
        REVOKED = "revoked", _("Sin permiso")

    id = models.BigIntegerField(primary_key=True, default=1, editable=False)
    way = models.CharField(_("cómo"), max_length=16, choices=Way)
    account = models.CharField(_("cuenta"), max_length=254, blank=True)
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.CONNECTED)
    error = models.CharField(_("último problema"), max_length=300, blank=True)
    last_ok_at = models.DateTimeField(_("último contacto"), null=True, blank=True)
    connected_by = models.CharField(_("quién lo conectó"), max_length=160, blank=True)
    connected_at = models.DateTimeField(_("conectado"), auto_now_add=True)

    class Meta:
        verbose_name = _("conexión con Google Calendar")
        verbose_name_plural = _("conexiones con Google Calendar")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="calendarconnection_one")]

    def __str__(self) -> str:
        return self.account or str(self.get_way_display())


class ExternalCalendar(models.Model):
    """A calendar of the connected account, and whose agenda it is. One without a seller is not read."""

    class Match(models.TextChoices):
        NONE = "", _("sin vendedor")
        NAME = "name", _("por el nombre")
        HAND = "hand", _("a mano")

    class State(models.TextChoices):
        NEW = "new", _("Sin leer todavía")
        OK = "ok", _("Al día")
        FAILING = "failing", _("No se puede leer")
        GONE = "gone", _("Ya no está")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    calendar_id = models.CharField(_("calendario"), max_length=300, unique=True)
    name = models.CharField(_("nombre"), max_length=254, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    can_write = models.BooleanField(_("se puede escribir"), default=True)
    seller = models.ForeignKey(
        Seller, models.SET_NULL, null=True, blank=True, related_name="calendars", verbose_name=_("vendedor")
    )
    matched = models.CharField(_("cómo se unió"), max_length=4, choices=Match, blank=True, default="")
    is_main = models.BooleanField(_("recibe las citas"), default=False)
    state = models.CharField(_("estado"), max_length=8, choices=State, default=State.NEW)
    error = models.CharField(_("último problema"), max_length=300, blank=True)
    fails = models.PositiveSmallIntegerField(default=0)
    synced_at = models.DateTimeField(_("leído"), null=True, blank=True)
    sync_token = models.TextField(blank=True)
    sync_after = models.DateTimeField(null=True, blank=True)  # next reading; also the lease of who reads
    channel_id = models.CharField(max_length=64, blank=True)  # of Google's push messages
    channel_hash = models.CharField(max_length=64, blank=True)
    channel_resource = models.CharField(max_length=200, blank=True)
    channel_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("calendario externo")
        verbose_name_plural = _("calendarios externos")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["seller"], condition=Q(is_main=True), name="externalcalendar_main")
        ]
        indexes = [
            models.Index(fields=["sync_after"], condition=Q(seller__isnull=False), name="externalcalendar_due"),
            models.Index(fields=["channel_id"], condition=~Q(channel_id=""), name="externalcalendar_channel"),
        ]

    def __str__(self) -> str:
        return self.name or self.calendar_id


class CalendarBlock(models.Model):
    """A busy time that comes from an external calendar. Its title is the seller's own business."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    calendar = models.ForeignKey(ExternalCalendar, models.CASCADE, related_name="blocks", verbose_name=_("calendario"))
    seller = models.ForeignKey(Seller, models.CASCADE, related_name="blocks", verbose_name=_("vendedor"))
    event_id = models.CharField(max_length=1024)
    etag = models.CharField(max_length=100, blank=True)
    title = models.CharField(_("título"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("empieza"))
    ends_at = models.DateTimeField(_("termina"))
    is_all_day = models.BooleanField(_("todo el día"), default=False)

    class Meta:
        verbose_name = _("ocupado en Google Calendar")
        verbose_name_plural = _("ocupados en Google Calendar")
        constraints = [
            models.UniqueConstraint(fields=["calendar", "event_id"], name="calendarblock_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="calendarblock_order"),
        ]
        indexes = [
            models.Index(fields=["seller", "ends_at", "starts_at"], name="calendarblock_seller"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


class CalendarConflict(models.Model):
    """Our agenda and Google say different things and a person decides; nothing is overwritten meanwhile."""

    class Kind(models.TextChoices):
        OVERLAP = "overlap", _("Se pisa con otra cosa de Google Calendar")
        EDITED = "edited", _("Cambiada de los dos lados")
        MOVED = "moved", _("Movida en Google a un horario ocupado")
        DELETED = "deleted", _("Borrada en Google y cambiada aquí")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(AgendaEvent, models.CASCADE, related_name="conflicts", verbose_name=_("cita"))
    kind = models.CharField(_("qué pasa"), max_length=8, choices=Kind)
    theirs: Any = models.JSONField(_("lo que dice Google"), default=dict, blank=True)
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)
    resolved_at = models.DateTimeField(_("resuelto"), null=True, blank=True)
    resolution = models.CharField(_("qué se hizo"), max_length=8, blank=True)  # "ours", "theirs", "gone"
    resolved_by = models.CharField(_("quién"), max_length=160, blank=True)

    class Meta:
        verbose_name = _("conflicto de agenda")
        verbose_name_plural = _("conflictos de agenda")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "kind"], condition=Q(resolved_at__isnull=True), name="calendarconflict_once"
            )
        ]
        indexes = [models.Index(fields=["-at"], condition=Q(resolved_at__isnull=True), name="calendarconflict_open")]

    def __str__(self) -> str:
        return str(self.get_kind_display())
