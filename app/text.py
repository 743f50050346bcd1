"""Text from outside, made safe for Streamlit's markdown."""

import re


def plain(text: object) -> str:
    """Text that Streamlit's markdown shows as it stands, whatever characters it holds."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", str(text))
