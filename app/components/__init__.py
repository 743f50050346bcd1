"""Components in the browser: history list, item search, download button, attention board."""
