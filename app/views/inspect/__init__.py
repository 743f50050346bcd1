"""Inspect: one history through two models side by side, a file per panel."""

from app.views.inspect.page import show

__all__ = ["show"]
