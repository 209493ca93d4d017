"""Small sets as tensorflow-datasets prepares them."""

import numpy as np
import tensorflow_datasets as tfds


def make_set(folder, sizes=((6, 5),), test=10, channels=1, train="train", validation=0):
    """Prepare a set of 40 random images, the labels their row numbers modulo 3."""

    class Generated(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        """Noise."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            shape = (*(sizes[0] if len(sizes) == 1 else (None, None)), channels)
            features = {
                "image": tfds.features.Image(shape=shape),
                "label": tfds.features.ClassLabel(names=["a", "b", "c"]),
            }
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(features),
                supervised_keys=("image", "label"),
            )

        def _split_generators(self, manager):
            parts = {train: self._generate_examples(40, 0)}
            if validation:
                parts["validation"] = self._generate_examples(validation, 2)
            return parts | ({"test": self._generate_examples(test, 1)} if test else {})

        def _generate_examples(self, count, seed):
            random = np.random.default_rng(seed)
            for number in range(count):
                size = sizes[number % len(sizes)]
                image = random.integers(0, 256, (*size, channels), dtype=np.uint8)
                yield number, {"image": image, "label": number % 3}

    Generated.name = "generated"
    tfds.disable_progress_bar()
    Generated(data_dir=folder).download_and_prepare()
