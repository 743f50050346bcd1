"""A package outside awrsr: a member of every family, written only with public names."""

from awrsr.attribution import METHODS
from awrsr.data.readers import READERS
from awrsr.explain import EXPLANATIONS
from awrsr.models import BACKBONES
from awrsr.refinement import REFINEMENTS
from awrsr.training.losses import LOSSES
from awrsr_outside.attribution import PathGradient
from awrsr_outside.backbone import HalfScale
from awrsr_outside.explanation import Primacy
from awrsr_outside.loss import Smoothed
from awrsr_outside.reader import JsonLines
from awrsr_outside.refinement import Geometric

__all__ = ["MEMBERS", "Geometric", "JsonLines", "Smoothed", "PathGradient", "HalfScale", "Primacy"]

MEMBERS = [
    (REFINEMENTS, Geometric),
    (METHODS, PathGradient),
    (EXPLANATIONS, Primacy),
    (LOSSES, Smoothed),
    (BACKBONES, HalfScale),
    (READERS, JsonLines),
]
"""Every member and its family."""
