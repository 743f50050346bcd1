"""A recorded experiment: one dataset, one loss, both backbones."""

from helpers import ROOT

EXPERIMENTS = ROOT / "experiments"
GRID, DATASET, LOSS = "lichess-openings", "lichess-openings", "sampled_ce"
