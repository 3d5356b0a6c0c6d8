"""What the admin shows."""

from django.contrib import admin
from store.models import Product

admin.site.register(Product, list_display=["name", "price"])
