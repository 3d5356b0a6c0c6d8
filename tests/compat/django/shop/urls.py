"""Where things are."""

from django.contrib import admin
from django.urls import path
from store.views import front

urlpatterns = [path("", front), path("admin/", admin.site.urls)]
