"""A package outside awrsr: a member of every family, written only with public names."""

from awrsr.attribution import METHODS
from awrsr.data.readers import READERS
from awrsr.explain import EXPLANATIONS
from awrsr.importers import IMPORTERS
from awrsr.models import BACKBONES
from awrsr.refinement import REFINEMENTS
from awrsr.training.losses import LOSSES
from awrsr_outside.attribution import PathGradient
from awrsr_outside.backbone import HalfScale
from awrsr_outside.explanation import Primacy
from awrsr_outside.importer import Prefixed
from awrsr_outside.loss import Smoothed
from awrsr_outside.reader import JsonLines
from awrsr_outside.refinement import Geometric

__all__ = [
    "MEMBERS",
    "Geometric",
    "HalfScale",
    "JsonLines",
    "PathGradient",
    "Prefixed",
    "Primacy",
    "Smoothed",
]

MEMBERS = [
    (REFINEMENTS, Geometric),
    (METHODS, PathGradient),
    (EXPLANATIONS, Primacy),
    (LOSSES, Smoothed),
    (BACKBONES, HalfScale),
    (READERS, JsonLines),
    (IMPORTERS, Prefixed),
]
"""Every member and its family."""
