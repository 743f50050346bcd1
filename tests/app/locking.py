"""A locked cell on the page Inspect: locking, and its texts and figures."""

from driving import (
    figures,
    open_page,
    run,
    texts,
    unescaped,
)

ITEMS = [3, 1, 4, 1, 5, 9]


def panel(source="A", layer=1, head=0, kind="refined"):
    return {"source": source, "layer": layer, "head": head, "kind": kind}


def lock(page, query, key, *panels):
    """Report a clicked cell, as the board's script does."""
    page.session_state["board"] = {"lock": {"query": query, "key": key, "panels": list(panels)}}
    return run(page)


def said(page):
    """Everything from the panel's heading to the next one, and the page's captions."""
    shown = texts(page)
    start = next(
        i for i, text in enumerate(shown) if text.startswith("#### How this cell is computed")
    )
    headings = (i for i in range(start + 1, len(shown)) if shown[i].startswith("####"))
    end = next(headings, len(shown))
    return "\n".join([*shown[start:end], *(unescaped(each.value) for each in page.caption)])


def opened(**url):
    return open_page(source="own", items=".".join(map(str, ITEMS)), **url)


def why(page):
    return {key: drawn for key, drawn in figures(page).items() if key.startswith("why")}
