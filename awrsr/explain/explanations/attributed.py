"""Every attribution method as an explanation."""

from functools import cache

from awrsr.attribution import AttributionMethod, attribute
from awrsr.explain.explanations.base import Explained, Explanation, Values


@cache
def attributed(method: type[AttributionMethod]) -> type[Explanation]:
    """What a method says each item adds to the target's score, with its settings for studies."""

    class Attributed(Explanation):
        name = method.name
        title = method.title
        color = method.color
        kind = "attribution"
        shown_first = method.shown_first

        @staticmethod
        def values(asked: Explained) -> Values | None:
            settings = method.with_settings(method.in_studies).to_json()
            found = attribute(
                asked.model,
                asked.trace.items,
                asked.target,
                method.name,
                seed=asked.seed,
                **settings,
            )
            values: Values = found.values.double().cpu().numpy()
            return values

    return Attributed
