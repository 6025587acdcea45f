"""The online store: how it is connected, and its products as they were last read."""

from django.db import models
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import NotFound
from config.lib.keyset import Order
from crm.models import Store, StoreProduct
from crm.store import connection, finding
from tenants.api.base import CompanyView


class StoreOut(serializers.Serializer):
    store_id = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    state = serializers.ChoiceField(choices=Store.State.choices)
    error = serializers.CharField(help_text="What is wrong, in words; empty when nothing is.")
    told = serializers.BooleanField(help_text="Whether the store tells its changes by itself.")
    reading = serializers.SerializerMethodField(help_text="Whether it is being read now.")
    products = serializers.SerializerMethodField(help_text="How many products are known and on sale.")
    is_cut = serializers.BooleanField(help_text="Whether it has more products than are kept.")
    synced_at = serializers.DateTimeField(allow_null=True)
    last_ok_at = serializers.DateTimeField(allow_null=True)

    def get_reading(self, row: Store) -> bool:
        return row.is_being_read

    def get_products(self, row: Store) -> int:
        return StoreProduct.objects.sold().count()


class StoreVariantOut(serializers.Serializer):
    number = serializers.IntegerField()
    sku = serializers.CharField()
    values = serializers.ListField(child=serializers.CharField())
    price = serializers.CharField(allow_null=True, help_text="Null: to be asked for.")
    promo = serializers.CharField(allow_null=True)
    stock = serializers.IntegerField(allow_null=True, help_text="Null: as many as wanted.")


class StoreProductOut(serializers.Serializer):
    id = serializers.UUIDField()
    product_id = serializers.IntegerField(help_text="Its number in the store.")
    name = serializers.CharField()
    brand = serializers.CharField()
    categories = serializers.ListField(child=serializers.CharField())
    variants = StoreVariantOut(many=True)
    price = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True, help_text="The lowest of today.")
    has_stock = serializers.BooleanField()
    link = serializers.CharField()
    image = serializers.CharField()
    read_at = serializers.DateTimeField()


class ProductsFilter(serializers.Serializer):
    search = serializers.CharField(required=False, max_length=200, help_text="The 50 that fit best, best first.")


class CompanyStore(CompanyView):
    reads = "channels.read"

    @extend_schema(operation_id="store_retrieve", responses=StoreOut)
    def get(self, request: Request) -> Response:
        """The connected store. 404 when none is."""
        row = connection.current()
        if row is None:
            raise NotFound(_("La tienda no está conectada."))
        return Response(StoreOut(row).data)


class StoreProducts(CompanyView):
    reads = "channels.read"
    page_by = Order("name", models.CharField(), descending=False)

    @extend_schema(
        operation_id="store_products_list", parameters=[ProductsFilter], responses=StoreProductOut(many=True)
    )
    def get(self, request: Request) -> Response:
        """Products on sale by name; with `search` those that fit, as an agent finds them."""
        words = self.asked(ProductsFilter).get("search", "")
        if words:
            found = finding.search(words, most=50).products
            return Response({"next": None, "previous": None, "results": StoreProductOut(found, many=True).data})
        return self.paged(StoreProduct.objects.sold(), StoreProductOut)
