"""From histories to ranks: scores, metrics, evaluation, recommendations and their overlap."""
