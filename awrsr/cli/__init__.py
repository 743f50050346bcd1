"""The verbs of `python -m awrsr`."""
