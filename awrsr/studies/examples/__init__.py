"""A few users to start with: histories in which two models do what is worth seeing."""

from awrsr.studies.examples.files import (
    EXAMPLES_FILE,
    ExamplesFile,
    current_examples,
    example_pairs,
    holds_scan,
    read_examples,
    write_examples,
)
from awrsr.studies.examples.rules import RULES
from awrsr.studies.examples.search import READABLE, Models, find_examples, look
from awrsr.studies.examples.values import Again, Example, InModel, Sort
from awrsr.studies.examples.words import TITLES, line_of, sentence_of

__all__ = [
    "EXAMPLES_FILE",
    "READABLE",
    "RULES",
    "TITLES",
    "Again",
    "Example",
    "ExamplesFile",
    "InModel",
    "Models",
    "Sort",
    "current_examples",
    "example_pairs",
    "find_examples",
    "holds_scan",
    "line_of",
    "look",
    "read_examples",
    "sentence_of",
    "write_examples",
]
