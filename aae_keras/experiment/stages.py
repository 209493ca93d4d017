"""A run in stages: a setting that starts from what another has learned, in one run folder.

Each stage is trained by its own configuration and has its own rows in the history. How many epochs
the checkpoint of a run has says which stage it is of, so that a resumed run goes on within it.
"""

import dataclasses
import logging

import keras

from aae_keras.experiment.config import Config
from aae_keras.models import AdversarialModel
from aae_keras.networks import upstream_variables

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes:
        number: From 1.
        config: The `Config` that it is trained by, whose rates and fades count from its beginning.
        first_epoch: How many epochs of the run come before it.
    """

    number: int
    config: Config
    first_epoch: int

    @property
    def last_epoch(self) -> int:
        """How many epochs of the run have passed when it ends."""
        return self.first_epoch + self.config.epochs


def stages_of(config: Config) -> list[Stage]:
    """The stages of a run: the setting of `pretrain`, if there is one, then the setting itself."""
    if not config.pretrain:
        return [Stage(1, config, 0)]
    first = config.of_setting(
        config.pretrain,
        epochs=config.pretrain_epochs,
        extra_terms=(),
        **{
            field.name: field.default
            for field in dataclasses.fields(config)
            if field.metadata["term"]
        },
    )
    return [Stage(1, first, 0), Stage(2, config.of_setting(config.setting), first.epochs)]


def start_from(model: AdversarialModel, former: AdversarialModel) -> list[str]:
    """Give a model the layers of a former stage's that have the same names and shapes.

    The head of y is left as it is where y is something else now: clusters are no classes.

    Args:
        model: The `AdversarialModel` to start.
        former: That of the stage before.

    Returns:
        Names of the layers that were taken over.
    """
    kept = set()
    if model.latent_y != former.latent_y and model.latent_y.is_encoded:
        of_y = upstream_variables(model.encoder, ["y_logits"])
        of_z = upstream_variables(model.encoder, model.posterior.outputs)
        kept = set(map(id, of_y)) - set(map(id, of_z))
    former_networks, taken = former.get_config(), []
    for role, network in model.get_config().items():
        other = former_networks.get(role)
        if not isinstance(network, keras.Model) or not isinstance(other, keras.Model):
            continue
        for layer in network.layers:
            source = next((own for own in other.layers if own.name == layer.name), None)
            if source is None or not layer.weights or kept & set(map(id, layer.weights)):
                continue
            if [w.shape for w in source.weights] == [w.shape for w in layer.weights]:
                layer.set_weights(source.get_weights())
                taken.append(layer.name)
    model.average.restart()
    log.info("Starts from %d layers of the stage before: %s.", len(taken), ", ".join(taken))
    return taken
