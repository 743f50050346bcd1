"""Three cards on one history: recommendation, decisive items, and whether attention shows them."""

from typing import NamedTuple

import streamlit as st

from app import cache, seeds
from app.case import Case
from app.epochs import FINAL
from app.escape import plain
from app.sides import Side
from awrsr.board import Payload
from awrsr.errors import AwrsrError
from awrsr.explain import Decisive, Evidence, Judgement, RemovedOnce, RowEvidence, find_evidence
from awrsr.refinement import REFINEMENTS

COLOURS = {"a": "blue", "b": "orange"}
"""Colours of the models' letters."""
SAID: dict[Judgement, str] = {
    "shows it": "Yes",
    "shows it in part": "In part",
    "no more than age": "No, recency does as well",
    "does not": "No",
    "unknown": "Cannot be told",
}
ORDERS = {"first_order": "first order", "second_order": "second"}
HOW_RANKED = "1 is best. Ties count against the target."
HOW_REMOVED = "Each item in turn is really removed. Items link to their rows on the board."
HOW_JUDGED = (
    "Prediction row (last query), last layer, mean over heads. The row shows an item that is among "
    "its three largest weights and above an even share. It shows it in part if one of two items "
    "meets this, or if its weights correlate with the sizes of the effects of all removals "
    "(Spearman's \u03c1, 95% interval by Fisher's transform above zero). An item or a correlation "
    "does not count if recency shows it, too: weights that only grow with newness. Weight rank 1 "
    "is the largest weight; 1\u00d7 is an even share; the ranks of the item by first- and "
    "second-order weight follow. There is no verdict with fewer than six items, or if no removal "
    "changes the rank."
)


class Found(NamedTuple):
    """A model and its evidence."""

    side: Side
    evidence: Evidence


def show(case: Case, content: Payload) -> None:
    """Three cards, side by side where there is room; items link to their rows on the board."""
    found = [Found(side, evidence_of(case, side)) for side in case.sides]
    links = Links(case, content)
    cards = [
        ("What is recommended", recommended(case), HOW_RANKED),
        ("What it rests on", rests_on(case, found, links), HOW_REMOVED),
        ("Does attention show it?", shown(case, found, links), HOW_JUDGED),
    ]
    with st.container(key="cards", horizontal=True, gap="small"):
        for number, (title, lines, how) in enumerate(cards):
            with st.container(border=True, key=f"card-{number}"):
                st.markdown(f"**{title}**", help=how)
                st.markdown("  \n".join(lines))


class Links:
    """Links from items to their rows on the board, with the maps that the cards describe."""

    def __init__(self, case: Case, content: Payload) -> None:
        self.case = case
        self.places = {source["name"]: source["places"] for source in content["sources"]}

    def to(self, side: Side, found: Decisive) -> str:
        """The item's number and title, linked to its row if the model sees the item."""
        title = f"#{found.entry + 1} {plain(self.case.title_of(self.case.history[found.entry]))}"
        places = self.places[side.key.upper()]
        place = found.entry - (len(self.case.history) - len(places))
        if place < 0:
            return title
        maps = "&".join(
            f"{where}={other.key.upper()}.{other.model.config.n_layers}.{head}.refined"
            for where, other in zip(("left", "right"), self.case.sides, strict=False)
            for head in ("mean" if other.model.config.n_heads > 1 else "1",)
        )
        return f"[{title}](#{maps}&lock={places[-1] + 1}.{places[place] + 1})"


def evidence_of(case: Case, side: Side) -> Evidence:
    """The evidence in one model; the removals are the same as on the board."""
    removed = None if case.not_removed else removed_once(case, side)
    return find_evidence(side.trace, removed)


def removed_once(case: Case, side: Side) -> RemovedOnce:
    """The target without each item, where `Case.not_removed` is empty."""
    return cache.get_each_removed(
        side.directory, case.history, case.target, case.dataset.default_candidates
    )


def letter(side: Side) -> str:
    """A model's letter in its colour, with the epoch if it is not the final one."""
    return f":{COLOURS[side.key]}[**{side.letter}**]"


# --- what is recommended --------------------------------------------------------------------------


def recommended(case: Case) -> list[str]:
    """The models' first items, the target's ranks, and those in the same models with another
    seed."""
    target = plain(case.target_title)
    ranks = [side.ranking.rank_of(case.target) for side in case.sides]
    words = ", ".join(
        f"{letter(side)} ranks it **{rank:,}**"
        for side, rank in zip(case.sides, ranks, strict=True)
    )
    candidates = case.sides[0].ranking.candidates_with(case.target)
    tops = ", ".join(f"{letter(side)} {top_of(case, side)}" for side in case.sides)
    lines = [f"First: {tops}.", f"{target}: {words} of {candidates:,}."]
    if any(side.epoch != FINAL for side in case.sides):
        return [*lines, "Another seed is compared with final weights only."]
    again = [rank_again(case, side) for side in case.sides]
    known = [
        f"{letter(side)} {rank:,}"
        for side, rank in zip(case.sides, again, strict=True)
        if rank is not None
    ]
    if known:
        lines.append(f"Trained with another seed: {', '.join(known)}.")
    if len(ranks) == 2:
        lines.append(seeds_say(ranks, again))
    return lines


def top_of(case: Case, side: Side) -> str:
    """The title of the item that a model ranks first, or the reason why there is none."""
    best = side.ranking.best(1)["item"].tolist()
    if not best:
        return "nothing, because all items are in the history"
    return "the target" if best[0] == case.target else plain(case.title_of(best[0]))


def rank_again(case: Case, side: Side) -> int | None:
    """The target's rank in the same model trained with another seed; None if there is none."""
    directory = seeds.other_seed(side.directory)
    if directory is None:
        return None
    left_out = tuple(item for item in case.left_out if item != case.target)
    try:
        found = cache.get_standings(directory, (case.history,), (left_out,), case.target, 1)
    except AwrsrError:  # the panels report unreadable models
        return None
    return int(found.ranks[0])


def seeds_say(ranks: list[int], again: list[int | None]) -> str:
    """Whether the difference between two models is larger than that between two seeds.

    Args:
        ranks: the target's ranks in A and B.
        again: its ranks in the same models trained with another seed.
    """
    (a, b), (a_again, b_again) = ranks, again
    if a == b:
        return "Both give it the same rank."
    if a_again is None or b_again is None:
        return "No second seed of both models: **the difference may be due to the seed**."
    if max(a, a_again) < min(b, b_again):
        return f"{_coloured('a')} is ahead in both seeds."
    if max(b, b_again) < min(a, a_again):
        return f"{_coloured('b')} is ahead in both seeds."
    return "**The difference may be due to the seed.**"


def _coloured(key: str) -> str:
    return f":{COLOURS[key]}[**{key.upper()}**]"


# --- decisive items -------------------------------------------------------------------------------


def rests_on(case: Case, found: list[Found], links: Links) -> list[str]:
    """For each model, the items whose removal moves the target most."""
    if case.not_removed:
        return [case.not_removed]
    return [f"{letter(side)} {rests(side, evidence, links)}" for side, evidence in found]


def rests(side: Side, evidence: Evidence, links: Links) -> str:
    """One model's decisive items, with the ranks before and after."""
    first, *others = evidence.decisive
    if not evidence.moved:
        verb = "falls" if first.effect > 0 else "rises"
        return (
            f"rank stays {evidence.rank:,} whichever item is removed; without "
            f"{links.to(side, first)} the score {verb} by {abs(first.effect):.2f}."
        )
    parts = [f"without {links.to(side, first)}: {evidence.rank:,} \u2192 **{first.rank:,}**"]
    parts += [f"without {links.to(side, other)} \u2192 **{other.rank:,}**" for other in others]
    return "; ".join(parts) + "."


# --- whether attention shows it -------------------------------------------------------------------


def shown(case: Case, found: list[Found], links: Links) -> list[str]:
    """For each model, whether the prediction rows show the decisive items."""
    if len(case.history) < 2:
        return ["With one item, attention has nothing to choose between."]
    if case.not_removed:
        return ["Not known without the removals."]
    return [f"{letter(side)} {shows(side, evidence, links)}" for side, evidence in found]


def shows(side: Side, evidence: Evidence, links: Links) -> str:
    """One model's judgement by the row that mixes the values, and the ranks in the other rows."""
    refinement = REFINEMENTS[side.model.config.refinement]
    if not refinement.learns_attention:
        return f"learns no attention: {refinement.formula_of(side.model.config)}."
    mixing = evidence.rows[-1]
    parts = [
        f"{links.to(side, found)}: {_place(evidence.rows, number, len(side.trace.items))}"
        for number, found in enumerate(evidence.decisive)
    ]
    rho = ""
    if mixing.rho is not None and evidence.recency_rho is not None:
        rho = (
            f" Rank correlation with effects {mixing.rho:+.2f} (recency "
            f"{evidence.recency_rho:+.2f})."
        )
    return f"**{SAID[mixing.judgement]}.** {'; '.join(parts)}.{rho}"


def _place(rows: list[RowEvidence], number: int, m: int) -> str:
    """The place of a decisive item among m weights, in the row that mixes the values and in the
    others."""
    *others, mixing = rows
    place, times = mixing.places[number], mixing.times[number]
    if place is None or times is None:
        return "not seen"
    elsewhere = [f"{ORDERS[row.kind]} {row.places[number]}" for row in others]
    listed = "; ".join(filter(None, [f"{times:.1f}\u00d7 even", ", ".join(elsewhere)]))
    return f"weight rank {place} of {m} ({listed})"
