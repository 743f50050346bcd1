"""The pages, one file or folder each; a page imports no other page."""
