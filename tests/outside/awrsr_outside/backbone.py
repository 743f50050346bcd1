"""A backbone: SASRec whose item scores are halved."""

from awrsr.models import SASRec


class HalfScale(SASRec):
    """SASRec at half its scale."""

    name = "half_scale"
    title = "Half-scale SASRec"
    score_meaning = "half the state's dot product with the item"

    def compare(self, states, items):
        """Half the item score of SASRec."""
        return super().compare(states, items) / 2
