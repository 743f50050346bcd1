"""Results: recorded experiments and their verdicts."""

from app.views.results.page import show

__all__ = ["show"]
