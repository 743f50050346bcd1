"""The users of a scan as a table about two models: columns, slices, limits. No Streamlit."""
