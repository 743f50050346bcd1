"""Every attribution method as an explanation."""

from functools import cache

from awrsr.attribution import AttributionMethod, attribute
from awrsr.explain.explanations.base import Explained, Explanation, Values


@cache
def attributed(method: type[AttributionMethod]) -> type[Explanation]:
    """An attribution method as an explanation, with its settings for studies."""

    class Attributed(Explanation):
        name = method.name
        title = method.title
        color = method.color
        kind = "attribution"
        shown_first = method.shown_first

        @staticmethod
        def values(recommendation: Explained) -> Values | None:
            settings = method.with_settings(method.in_studies).to_json()
            found = attribute(
                recommendation.model,
                recommendation.trace.items,
                recommendation.target,
                method.name,
                seed=recommendation.seed,
                **settings,
            )
            values: Values = found.values.double().cpu().numpy()
            return values

    return Attributed
