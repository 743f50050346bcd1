"""Results: what was trained, and what can be said of it."""

from app.views.results.page import show

__all__ = ["show"]
