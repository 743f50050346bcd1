"""The pages, a file or a folder each; a page imports no other page."""
