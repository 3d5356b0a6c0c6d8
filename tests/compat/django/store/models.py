"""What is sold."""

from django.db import models


class Products(models.Manager):
    """Adds a question."""

    def aggregates(self):
        """How many, and for how much."""
        return self.aggregate(count=models.Count("id"), total=models.Sum("price"))


class Product(models.Model):
    """One thing."""

    name = models.CharField(max_length=40)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    objects = Products()
