"""The company's online store: how it is connected, what it sells as it was last read, and what it said changed."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class Store(models.Model):
    """The one store of a company; its token is in the vault. A reading that was begun goes on at `page`."""

    class State(models.TextChoices):
        CONNECTED = "connected", _("Conectada")
        FAILING = "failing", _("Con problemas")
        ATTENTION = "attention", _("Necesita atención")
        UNINSTALLED = "uninstalled", _("La app se desinstaló")

    id = models.BigIntegerField(primary_key=True, default=1, editable=False)
    store_id = models.CharField(_("número de tienda"), max_length=40)
    name = models.CharField(_("nombre"), max_length=200, blank=True)
    language = models.CharField(_("idioma principal"), max_length=12, blank=True)
    currency = models.CharField(_("moneda"), max_length=3, blank=True)
    state = models.CharField(_("estado"), max_length=12, choices=State, default=State.CONNECTED)
    error = models.CharField(_("último problema"), max_length=300, blank=True)
    route_key = models.CharField(max_length=80)  # of the address that the store's notices come to
    told = models.BooleanField(_("avisa los cambios"), default=False)
    last_ok_at = models.DateTimeField(_("último contacto"), null=True, blank=True)
    synced_at = models.DateTimeField(_("leída entera"), null=True, blank=True)
    sync_after = models.DateTimeField(null=True, blank=True)  # next reading; also the lease of who reads
    sync_began_at = models.DateTimeField(null=True, blank=True)  # of the reading under way
    page = models.PositiveIntegerField(default=0)  # the next one of that reading
    fails = models.PositiveSmallIntegerField(default=0)
    is_cut = models.BooleanField(_("tiene más productos de los que se guardan"), default=False)
    connected_by = models.CharField(_("quién la conectó"), max_length=160, blank=True)
    connected_at = models.DateTimeField(_("conectada"), auto_now_add=True)

    class Meta:
        verbose_name = _("tienda")
        verbose_name_plural = _("tiendas")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="store_one")]

    def __str__(self) -> str:
        return self.name or self.store_id

    @property
    def works(self) -> bool:
        """Whether what was read of it may be told to customers."""
        return self.state in (self.State.CONNECTED, self.State.FAILING)

    @property
    def is_being_read(self) -> bool:
        """False also while a reading waits, after a failure, to go on."""
        return self.sync_began_at is not None and self.fails == 0 and self.state != self.State.UNINSTALLED


class StoreProductQuerySet(models.QuerySet["StoreProduct"]):
    def sold(self) -> Self:
        """What the store shows to anybody."""
        return self.filter(is_published=True)


class StoreProduct(models.Model):
    """A product as the store last told it. `variants` as crm.store.shapes writes them; prices in the store's currency.

    `price` is the lowest that is to be paid now for what can be had, None = to be asked for.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product_id = models.BigIntegerField(_("número en la tienda"), unique=True)
    name = models.CharField(_("nombre"), max_length=300)
    about = models.TextField(_("descripción"), blank=True)
    brand = models.CharField(_("marca"), max_length=120, blank=True)
    categories = ArrayField(models.CharField(max_length=120), default=list, blank=True, verbose_name=_("categorías"))
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("etiquetas"))
    attributes = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("atributos"))
    variants = models.JSONField(_("variantes"), default=list, blank=True)
    price = models.DecimalField(_("precio"), max_digits=14, decimal_places=2, null=True, blank=True)
    has_stock = models.BooleanField(_("hay"), default=False)
    is_published = models.BooleanField(_("a la vista"), default=True)
    free_shipping = models.BooleanField(_("envío gratis"), default=False)
    link = models.URLField(_("página"), max_length=500, blank=True)
    image = models.URLField(_("imagen"), max_length=500, blank=True)
    name_text = models.TextField(editable=False, default="")
    search_text = models.TextField(editable=False, default="")
    read_at = models.DateTimeField(_("leído"))

    objects = StoreProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("producto de la tienda")
        verbose_name_plural = _("productos de la tienda")
        ordering = ["name", "id"]
        indexes = [
            GinIndex(SearchVector("search_text", config="simple"), name="storeproduct_search"),
            models.Index(fields=["read_at"], name="storeproduct_read"),
            models.Index(fields=["name", "id"], name="storeproduct_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def as_fields(self) -> dict[str, Any]:
        """What a reading replaces: everything but the keys."""
        kept = ("id", "product_id")
        return {field.name: getattr(self, field.name) for field in self._meta.fields if field.name not in kept}


class StoreNotice(models.Model):
    """The store said that something changed: looked at soon, then the row is gone. Nothing of its body is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    topic = models.CharField(_("de qué"), max_length=20)  # product, order
    number = models.BigIntegerField(_("número en la tienda"))
    due_at = models.DateTimeField(_("se mira"))
    fails = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("aviso de la tienda")
        verbose_name_plural = _("avisos de la tienda")
        constraints = [models.UniqueConstraint(fields=["topic", "number"], name="storenotice_once")]
        indexes = [models.Index(fields=["due_at"], name="storenotice_due")]

    def __str__(self) -> str:
        return f"{self.topic} {self.number}"
