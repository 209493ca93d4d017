"""A classifier of your own arrays, most of which have no label.

    python examples/own_arrays.py
    EPOCHS=5 python examples/own_arrays.py    # a quick look

Replace `x`, `y`, `x_test` and `y_test` by your arrays: images of one size as uint8 or as floats in
[0, 1], and whole numbers for the classes, -1 where an image has no label.
"""

import os

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import aae_keras

EPOCHS = int(os.environ.get("EPOCHS", 30))

digits = load_digits()
x, x_test, y, y_test = train_test_split(
    digits.images / 16, digits.target, test_size=0.2, stratify=digits.target, random_state=0
)
y[np.random.default_rng(0).permutation(len(y))[150:]] = -1  # of 1437 labels 150 are known

# 50 of them teach, five of each class; the other 100 measure the error while training goes on.
data = aae_keras.data.from_arrays(
    x,
    y,
    x_test=x_test,
    y_test=y_test,
    num_labeled=50,
    validation_size=100,
    labeled_batch_size=50,
).with_distances()
config = aae_keras.preset("digits", pretrain="", epochs=EPOCHS)
model = aae_keras.build_model(config, data)
model.fit(data.train, validation_data=data.validation, epochs=EPOCHS, verbose=2)

scores = model.evaluate(data.test, return_dict=True, verbose=0)
probabilities = model.predict(x_test[:10, ..., np.newaxis], verbose=0)
print("labels of ten test images", y_test[:10])
print("predicted                ", probabilities.argmax(axis=1))
print(f"test error {scores['error_rate']:.2%}")
