"""Models: settings, metrics, checks, training and heads of two models."""

from app.views.models.page import show

__all__ = ["show"]
