"""The product's addresses with the admin among them, wherever the product itself puts it."""

from django.urls import URLResolver, path

from config.urls import urlpatterns as product
from tenants.admin_site import site

there = any(isinstance(each, URLResolver) and each.namespace == "admin" for each in product)
urlpatterns = product if there else [path("admin/", site.urls), *product]
