"""What the browser runs: the history list, the download button, the attention board."""
