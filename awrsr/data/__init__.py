"""From raw files to a dataset and its batches; a synthetic dataset with planted causes."""
