"""Which scores fit a model, those of a run, and other classifiers on its split."""
