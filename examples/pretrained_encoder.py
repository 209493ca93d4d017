"""An encoder that stands on a backbone of keras.applications, frozen or not.

    python examples/pretrained_encoder.py                # random weights: runs without a network
    WEIGHTS=imagenet python examples/pretrained_encoder.py    # Keras downloads them once
    TRAINABLE=1 python examples/pretrained_encoder.py

Any functional model is an encoder if its input is `image` and its outputs are `y_logits` and `z`.
Images come as they are, float in [0, 1]: what the backbone wants of them (its size, three channels,
a range of its own) is done by the first layers, so that exports and servers do it too.

A frozen backbone keeps its statistics of batch normalisation, and no phase has its weights among
those that it moves. Freeze it before `compile`, which hands the phases their variables.
"""

import os

import keras

import aae_keras
from aae_keras import networks, priors

EPOCHS = int(os.environ.get("EPOCHS", 8))
WEIGHTS = os.environ.get("WEIGHTS")  # None: random ones
TRAINABLE = bool(os.environ.get("TRAINABLE"))
SIDE, LATENT_DIM = 32, 10

keras.utils.set_random_seed(0)
data = aae_keras.data.load("digits", num_labeled=100, labeled_batch_size=100, seed=0)
shape, classes = data.image_shape, len(data.class_names)

backbone = keras.applications.MobileNetV2(
    (SIDE, SIDE, 3), alpha=0.35, include_top=False, weights=WEIGHTS
)
backbone.trainable = TRAINABLE

image = keras.Input(shape, name="image")
x = keras.layers.Resizing(SIDE, SIDE)(image)
x = keras.layers.Concatenate()([x, x, x])  # grey to colour
x = keras.layers.Rescaling(2.0, offset=-1.0)(x)  # [0, 1] to MobileNet's [-1, 1]
# Features of a middle layer: the image is small, and its last maps hold a single pixel.
features = keras.Model(backbone.input, backbone.get_layer("block_3_expand_relu").output)
x = keras.layers.Flatten()(features(x))
x = keras.layers.LayerNormalization()(x)  # whatever scale the features have
x = keras.layers.Dense(300, activation="relu", name="own")(x)
encoder = keras.Model(
    image,
    {
        "y_logits": keras.layers.Dense(classes, name="y_logits")(x),
        "z": keras.layers.Dense(LATENT_DIM, name="z")(x),
    },
    name="encoder",
)

size = {"hidden_units": (300,), "weight_stddev": 0}
model = aae_keras.SemiSupervisedAAE(
    encoder=encoder,
    decoder=networks.build_decoder(shape, classes, LATENT_DIM, **size),
    discriminator_cat=networks.build_discriminator(classes, name="cat", **size),
    discriminator_gauss=networks.build_discriminator(LATENT_DIM, name="gauss", **size),
    categorical_prior=priors.CategoricalPrior(classes),
    gaussian_prior=priors.GaussianPrior(LATENT_DIM),
    input_noise=0.1,
)
slow = {"learning_rate": 1e-4, "beta_1": 0.5}
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    discriminator_optimizer=keras.optimizers.Adam(**slow),
    generator_optimizer=keras.optimizers.Adam(**slow),
    classification_optimizer=keras.optimizers.Adam(1e-3),
)
before = [weight.numpy() for weight in backbone.weights]
model.fit(data.train, validation_data=data.validation, epochs=EPOCHS, verbose=2)

moved = sum((old != new).any() for old, new in zip(before, backbone.get_weights(), strict=True))
scores = model.evaluate(data.test, return_dict=True, verbose=0)
print(f"{moved} of {len(before)} backbone weights moved")
print(f"test error {scores['error_rate']:.2%}")
