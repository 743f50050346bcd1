"""Find: all users of a scan, and those worth a look in these two models."""

from app.views.find.page import show

__all__ = ["show"]
