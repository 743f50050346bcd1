"""Losses, the training loop, and models in files."""
