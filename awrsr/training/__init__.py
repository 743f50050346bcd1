"""Losses, the training loop, and the files of models."""
