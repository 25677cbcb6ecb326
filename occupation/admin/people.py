"""Who logs in at the office, and their groups: Django's own pages, with lists like the shop's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User

from occupation.admin._base import AskedListAdmin

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
else:
    # Django's UserAdmin takes no type argument at run time.
    _UserAdmin = UserAdmin

admin.site.unregister([User, Group])


@admin.register(User)
class OfficeUserAdmin(AskedListAdmin[User], _UserAdmin):
    """Supervisors and administrators."""


@admin.register(Group)
class OfficeGroupAdmin(AskedListAdmin[Group], GroupAdmin):
    """What each of them may do."""
