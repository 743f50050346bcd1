"""Components in the browser: history list, download button, attention board."""
