"""A run in stages: a setting that starts from what another has learned, in one run folder.

Each stage is trained by its own configuration and has its own rows in the history. The
checkpoint says which stage it is of, so that a resumed run goes on within it.
"""

import dataclasses
import logging
from collections.abc import Sequence
from typing import Any

import keras

from aae_keras.data import Data
from aae_keras.experiment.configuration.changes import changed, stretched
from aae_keras.experiment.configuration.config import Config
from aae_keras.models import AdversarialModel
from aae_keras.networks import upstream_variables

log = logging.getLogger(__name__)

# Between the seeds of two starts, so that the starts of a run are those of no other.
SEEDS_APART = 104_729


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes:
        number: From 1.
        config: The `Config` that it is trained by, whose rates and fades count from its beginning.
        anew: Whether it begins from new weights, not from what the stage before has learned.
        start: Which of several starts it ends, from 1; 0 if it ends none.
        starts: The stages that end them, where this one chooses between their results.
    """

    number: int
    config: Config
    anew: bool = False
    start: int = 0
    starts: "Sequence[Stage]" = ()


def with_epochs(config: Config, data: Data) -> Config:
    """A configuration whose epochs are enough for its `least_steps` on this data."""
    factor = config.least_steps / (config.epochs * data.steps_per_epoch)
    stated = dataclasses.replace(config, least_steps=0)
    if factor <= 1:
        return stated
    longer = stretched(stated, factor)
    log.info("%d epochs, for at least %d steps.", longer.epochs, config.least_steps)
    return longer


def with_other_epochs(config: Config, begun: int, data: Data) -> Config:
    """The configuration of a run that is gone on with for other epochs than it was begun with.

    They are of its last stage, and taken as stated. What else is stated in epochs, the stages
    before among it, stays where it was.

    Args:
        config: The `Config` with the epochs now.
        begun: The epochs it was begun with.
        data: The `Data`.
    """
    trained = with_epochs(dataclasses.replace(config, epochs=begun), data)
    # Whatever `least_steps` is above 0 decides the size of batches: it must not be 0 now.
    return dataclasses.replace(
        trained, epochs=config.epochs, least_steps=min(1, config.least_steps)
    )


def stages_of(config: Config, classes: int) -> list[Stage]:
    """The stages of a run: the setting of `pretrain`, if there is one, then the setting itself.

    A first stage whose clusters the next starts from has the extra terms too: they make them. With
    `pretrain_merged_epochs` the merged clusters are trained on, without labels, in a stage between.
    With `pretrain_starts` all that comes before the last stage is done several times, each from
    weights and with noise of its own.

    Args:
        config: The `Config` of the run.
        classes: How many the data has.
    """
    if not config.pretrain:
        return [Stage(1, config)]
    categories = config.num_clusters or classes
    clusters = config.pretrain_clusters * categories
    own: dict[str, Any] = {"num_clusters": clusters} if clusters else {"extra_terms": ()}
    first = changed(
        config, setting=config.pretrain, pretrain="", epochs=config.pretrain_epochs, **own
    )
    start = [first]
    if config.pretrain_merged_epochs:
        epochs = config.pretrain_merged_epochs
        start.append(dataclasses.replace(first, num_clusters=categories, epochs=epochs))
    last = changed(config, pretrain="")
    if config.pretrain_starts > 1:
        stages = _several(start, config)
    else:
        stages = [Stage(number, part) for number, part in enumerate(start, start=1)]
    ends = [stage for stage in stages if stage.start]
    return [*stages, Stage(len(stages) + 1, last, starts=ends)]


def _several(start, config):
    """The stages of several starts, each the parts of one with a seed of its own."""
    stages = []
    for count in range(config.pretrain_starts):
        seed = (config.seed + count * SEEDS_APART) % 2**31
        for part in start:
            seeded = dataclasses.replace(part, seed=seed)
            ends = count + 1 if part is start[-1] else 0
            stages.append(Stage(len(stages) + 1, seeded, anew=part is start[0], start=ends))
    return stages


def epochs_before(stage: Stage, history: Sequence[dict[str, Any]]) -> int:
    """How many rows of a run's history are of stages before this one."""
    return sum(row.get("stage", 1) < stage.number for row in history)


def start_from(
    model: AdversarialModel, former: AdversarialModel, *, with_y: bool = False
) -> list[str]:
    """Give a model the layers of a former stage's that have the same names and shapes.

    What makes y is left as it is where y is something else now: clusters are no classes.

    Args:
        model: The `AdversarialModel` to start.
        former: That of the stage before.
        with_y: Take y over whatever it is now: its categories are those of before, to be named.

    Returns:
        Names of the layers that were taken over.
    """
    left_alone = set()
    if model.latent_y != former.latent_y and model.latent_y.is_encoded and not with_y:
        of_y = upstream_variables(model.encoder, ["y_logits"])
        of_z = upstream_variables(model.encoder, model.posterior.outputs)
        left_alone = set(map(id, of_y)) - set(map(id, of_z))
    former_networks, taken = former.get_config(), []
    for role, network in model.get_config().items():
        other = former_networks.get(role)
        if not isinstance(network, keras.Model) or not isinstance(other, keras.Model):
            continue
        for layer in network.layers:
            source = next((own for own in other.layers if own.name == layer.name), None)
            if source is None or not layer.weights or left_alone & set(map(id, layer.weights)):
                continue
            if [w.shape for w in source.weights] == [w.shape for w in layer.weights]:
                layer.set_weights(source.get_weights())
                taken.append(layer.name)
    model.average.restart()
    log.info("Starts from %d layers of what was trained before: %s.", len(taken), ", ".join(taken))
    return taken
