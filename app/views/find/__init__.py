"""Find: all users of a scan, to find instructive ones for two models."""

from app.views.find.page import show

__all__ = ["show"]
