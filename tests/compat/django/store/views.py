"""The only page."""

from django.forms import modelform_factory
from django.shortcuts import render
from store.models import Product


def front(request):
    """All products, and a form."""
    form = modelform_factory(Product, fields=["name"])(request.POST or None)
    if request.method == "POST":
        form.is_valid()
    return render(request, "store/front.html", {"products": Product.objects.order_by("name"), "form": form})
