"""Models: what two models are, whether they hold, how they were trained, what they learned."""

from app.views.models.page import show

__all__ = ["show"]
