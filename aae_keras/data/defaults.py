"""Defaults that the configuration shares. It imports nothing, so that flags can be read at once."""

# A fraction of the training part; from 1 on it is a count of images.
VALIDATION_SIZE = 0.1
# Held out where the data has no test part.
TEST_FRACTION = 0.2
# Of unlabelled images, and of labelled ones.
BATCH_SIZE = 100
