"""The baseline: a semi-supervised step as a textbook writes it in Keras, nothing shared."""

import keras
import tensorflow as tf

from aae_keras import networks


class TextbookAAE(keras.Model):
    """Four tapes, four Adams, one phase after the other, each calling the networks it needs."""

    def __init__(self, hidden_units=(1000, 1000), num_classes=10, latent_dim=2):
        super().__init__()
        shape, size = (28, 28, 1), {"hidden_units": hidden_units, "weight_stddev": 0.0}
        self.encoder = networks.build_encoder(
            shape, num_classes, latent_dim, batch_norm=True, **size
        )
        self.decoder = networks.build_decoder(shape, num_classes, latent_dim, **size)
        self.judge_y = networks.build_discriminator(num_classes, name="judge_y", **size)
        self.judge_z = networks.build_discriminator(latent_dim, name="judge_z", **size)
        self.optimizers = [keras.optimizers.Adam() for _ in range(4)]
        self.latent_dim = latent_dim
        self.num_classes = num_classes

    def train_step(self, data):
        """Reconstruction, discriminators, generator, classification."""
        inputs, labels = data
        images = tf.cast(inputs["unlabeled"], "float32") / 255.0
        labeled = tf.cast(inputs["labeled"], "float32") / 255.0
        noisy = images + tf.random.normal(tf.shape(images), stddev=0.3)
        noisy_labeled = labeled + tf.random.normal(tf.shape(labeled), stddev=0.3)
        count = tf.shape(images)[0]
        real_z = tf.random.normal([count, self.latent_dim])
        real_y = tf.one_hot(
            tf.random.uniform([count], maxval=self.num_classes, dtype="int32"), self.num_classes
        )
        encoder = self.encoder.trainable_variables
        judges = self.judge_y.trainable_variables + self.judge_z.trainable_variables

        with tf.GradientTape() as tape:
            logits, z = self.encode(noisy)
            y = tf.nn.softmax(logits)
            drawn = tf.sigmoid(self.output_of(self.decoder, {"y": y, "z": z}))
            reconstruction = 0.5 * tf.reduce_sum(tf.square(images - drawn)) / 100.0
        self.follow(0, tape, reconstruction, encoder + self.decoder.trainable_variables)

        with tf.GradientTape() as tape:
            logits, z = self.encode(noisy)
            y = tf.nn.softmax(logits)
            discriminator = sum(
                self.cross_entropy(judge, real, 1.0) + self.cross_entropy(judge, fake, 0.0)
                for judge, real, fake in ((self.judge_y, real_y, y), (self.judge_z, real_z, z))
            )
        self.follow(1, tape, discriminator, judges)

        with tf.GradientTape() as tape:
            logits, z = self.encode(noisy)
            y = tf.nn.softmax(logits)
            generator = self.cross_entropy(self.judge_y, y, 1.0)
            generator += self.cross_entropy(self.judge_z, z, 1.0)
        self.follow(2, tape, generator, encoder)

        with tf.GradientTape() as tape:
            logits, _ = self.encode(noisy_labeled)
            classification = tf.reduce_mean(
                keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
            )
        self.follow(3, tape, classification, encoder)
        return {
            "reconstruction_loss": reconstruction,
            "discriminator_loss": discriminator,
            "generator_loss": generator,
            "classification_loss": classification,
        }

    def encode(self, images):
        """Latent y before its softmax, and z."""
        code = networks.call_network(self.encoder, {"image": images}, training=True)
        return code["y_logits"], code["z"]

    def output_of(self, network, inputs):
        """The one output of a network."""
        (output,) = networks.call_network(network, inputs, training=True).values()
        return output

    def cross_entropy(self, judge, codes, target):
        """Binary cross-entropy of a discriminator's logits for codes."""
        logits = self.output_of(judge, {judge.inputs[0].name: codes})
        return tf.reduce_mean(
            keras.losses.binary_crossentropy(tf.fill(tf.shape(logits), target), logits, True)
        )

    def follow(self, rank, tape, loss, variables):
        """A step of one optimizer."""
        gradients = zip(tape.gradient(loss, variables), variables, strict=True)
        # The encoder without its z head does not depend on the labels.
        self.optimizers[rank].apply_gradients((g, v) for g, v in gradients if g is not None)
