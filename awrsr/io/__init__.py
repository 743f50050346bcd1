"""Files and streams: atomic writing, safe and bounded reading, output that may be closed early."""
