"""Django: migrations, static files collected and served, templates, forms, translations, the admin, the test client."""

import os
import sys
import tempfile
from importlib.metadata import version
from io import StringIO

import django
from django.core.management import call_command

print("Django", django.__version__, version("django"), flush=True)


def said(*arguments, **options):
    """What a command prints."""
    text = StringIO()
    call_command(*arguments, stdout=text, no_color=True, **options)
    return text.getvalue()


def main(folder):
    """All of it."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    os.environ["SHOP_FOLDER"] = folder
    django.setup()
    print(said("check").strip(), said("makemigrations", check=True, dry_run=True).strip())
    print(said("migrate", verbosity=1))
    print(said("showmigrations", "store"), said("sqlmigrate", "store", "0002"))
    print(said("collectstatic", interactive=False).split("'")[0].strip())
    collected = sorted(os.path.relpath(os.path.join(path, name), os.path.join(folder, "static"))
                       for path, _, names in os.walk(os.path.join(folder, "static")) for name in names)
    print(len(collected), [name for name in collected if name.startswith("store/")], "admin/css/base.css" in collected)
    print(said("findstatic", "store/style.css", verbosity=0).strip().replace("\\", "/").rsplit("/", 3)[1:])

    from django.contrib.auth.models import User
    from django.contrib.staticfiles.testing import StaticLiveServerTestCase
    from django.core import mail
    from django.test import Client
    from django.test.utils import setup_test_environment
    from django.utils import translation
    from store.models import Product

    setup_test_environment()
    Product.objects.create(name="Bröd", price="2.50")
    Product.objects.bulk_create(Product(name=f"Item {number}", price=number) for number in range(3))
    print(Product.objects.filter(price__gt=1).order_by("-price").values_list("name", "price"), Product.objects.aggregates())
    client = Client()
    page = client.get("/")
    print(page.status_code, page.content.decode().split())
    print(client.post("/", {"name": ""}).context["form"].errors.as_json())
    with translation.override("de"):
        print(translation.gettext("This field is required."), client.get("/", headers={"accept-language": "de"}).content.decode().split()[-1])
    User.objects.create_superuser("admin", "a@example.org", "secret")
    print(client.login(username="admin", password="secret"), client.get("/admin/store/product/").status_code)
    mail.send_mail("Subject", "Text", "a@example.org", ["b@example.org"])
    print(mail.outbox[0].subject, StaticLiveServerTestCase.static_handler.__name__, client.get("/nothing/").status_code)
    print(said("dumpdata", "store", indent=1)[:120], said("inspectdb", "store_product").count("models."))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as folder:
        main(folder)
