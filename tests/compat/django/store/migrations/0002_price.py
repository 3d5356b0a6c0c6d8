"""A column."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds it."""

    dependencies = [("store", "0001_initial")]
    operations = [
        migrations.AddField("product", "price", models.DecimalField(max_digits=8, decimal_places=2, default=0)),
    ]
