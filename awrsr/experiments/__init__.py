"""Grids of runs: planned, trained side by side, recorded, compared, reported."""
