"""The networks, as Keras functional models: encoder Q, decoder P, discriminators D.

Any functional model with the same inputs and outputs can take their place:

| network | inputs | outputs |
|---|---|---|
| encoder | `image` (height, width, channels) | `y_logits` (num_classes,), `z` (latent_dim,) |
| decoder | `y` (num_classes,), `z` (latent_dim,) | `image_logits` (height, width, channels) |
| discriminator | a code | one logit: above 0 means "a sample of the prior" |

A setting without latent y has an encoder without `y_logits` and a decoder without `y`; that of
dimensionality reduction decodes one `representation`. Heads compute in float32 whatever the
precision of the layers before them.
"""

from aae_keras.networks.blocks import POLICIES, POSTERIORS
from aae_keras.networks.convolutional import (
    build_convolutional_decoder,
    build_convolutional_encoder,
)
from aae_keras.networks.dense import (
    HIDDEN_UNITS,
    build_cluster_head,
    build_decoder,
    build_discriminator,
    build_encoder,
)
from aae_keras.networks.functional import (
    ANY,
    all_layers,
    call_network,
    check_network,
    in_float32,
    input_shapes,
    mixes_rows,
    normalises_batches,
    output_shapes,
    output_tensors,
    upstream_variables,
)
from aae_keras.networks.normalisation import MapNormalization

__all__ = [
    "ANY",
    "HIDDEN_UNITS",
    "MapNormalization",
    "POLICIES",
    "POSTERIORS",
    "build_cluster_head",
    "build_convolutional_decoder",
    "build_convolutional_encoder",
    "build_decoder",
    "build_discriminator",
    "build_encoder",
    "all_layers",
    "call_network",
    "check_network",
    "in_float32",
    "input_shapes",
    "mixes_rows",
    "normalises_batches",
    "output_shapes",
    "output_tensors",
    "upstream_variables",
]
