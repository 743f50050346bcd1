"""From raw files to a dataset, its sequences in batches, and the dataset with planted causes."""
