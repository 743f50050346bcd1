"""What explains a trace or a model: rollout, removals, agreement of rankings."""
