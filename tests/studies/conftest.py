"""Models of every kind for users with uneven histories."""

import pytest
from helpers import PAIRS
from uneven import UNEVEN

from awrsr.models import SequentialModel


@pytest.fixture
def models(make_model) -> dict[str, SequentialModel]:
    """All members of both backbones, and one with a shorter input."""
    made = {f"{b}-{r}": make_model(b, r, max_length=20) for b, r in PAIRS}
    made["short"] = make_model("sasrec", "additive", max_length=5)
    for model in made.values():
        model.catalogue = model.catalogue.replace(fingerprint=UNEVEN.fingerprint)
    return made
