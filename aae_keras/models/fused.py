"""Fewer passes through the networks for the same gradients: speed, and nothing else.

`compile(fused=False)` does without, and the tests compare the gradients of both. What it brings is
in BENCHMARKS.md.

The generator's gradient comes out of the discriminator's backward pass: both losses are functions
of the same logit, so one gradient is the other times a number per row. And phases that share an
optimizer share a backward pass, since their gradients are to be added up.
"""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from aae_keras.models.objective import (
    GameTerm,
    LogOdds,
    Named,
    Phase,
    Term,
    add_gradients,
    distinct,
    updates,
)

# The logit to which gradients are turned exactly.
SUREST = -60.0

# (discriminator, samples, codes, training) -> logits of samples and codes
Judge = Callable[[keras.Model, tf.Tensor, tf.Tensor, bool], LogOdds]


def judge_of(phases: Sequence[Phase], judge: Judge) -> Judge:
    """How codes are judged in a pass.

    With the gradient turned, where one pass serves both sides of the game; without the samples of
    the prior, where the generator plays alone.

    Args:
        phases: The `Phase`s that share the pass.
        judge: Function of (discriminator, samples, codes, training) to the logits of both.
    """

    weights = reversal_weights(phases)
    if weights is not None:
        return _turned(judge, weights)
    alone = [phase.name for phase in phases] == ["generator"]
    return _without_samples(judge) if alone and plays_by_rows(phases[0].terms) else judge


def _turned(judge, weights):
    def _judge_turned(discriminator, samples, codes, training):
        reversal = Reversal(weights[id(discriminator)])
        real, fake = judge(discriminator, samples, reversal(codes), training)
        reversal.logits = fake
        return real, fake

    return _judge_turned


def _without_samples(judge):
    def _judge_codes_alone(discriminator, samples, codes, training):
        return judge(discriminator, samples[:0], codes, training)

    return _judge_codes_alone


def plays_by_rows(terms: Sequence[Term]) -> bool:
    """Whether terms are sides of the game alone, each row judged by itself."""
    return all(
        isinstance(term, GameTerm) and term.by_rows and not callable(term.weight) for term in terms
    )


def reversal_weights(phases: Sequence[Phase]) -> dict[int, float] | None:
    """Weight of the generator's loss in units of the discriminator's, where one pass serves both.

    None, for no, where the two do not share a pass, where one has a term that is no side of the
    game or where the two do not play the same games, or where a discriminator's logit depends on
    other rows of the batch.

    Returns:
        Dict by discriminator's id; or None.
    """
    by_name = {phase.name: phase for phase in phases}
    if not {"discriminator", "generator"} <= by_name.keys():
        return None
    sides = by_name["generator"], by_name["discriminator"]
    if not all(plays_by_rows(side.terms) for side in sides):
        return None
    generator, discriminator = (
        {id(term.discriminator): side.weight * term.weight for term in side.terms} for side in sides
    )
    if generator.keys() != discriminator.keys() or not all(discriminator.values()):
        return None
    if any(len(side.terms) != len(generator) for side in sides):
        return None
    return {name: weight / discriminator[name] for name, weight in generator.items()}


class Reversal:
    """The identity on codes, with a gradient that plays the other side of the game.

    Discriminator and generator loss of a code are functions of the same logit l: softplus(l) with
    derivative sigmoid(l), and softplus(-l) with derivative sigmoid(l) - 1. Their gradients with
    respect to the code are the same vector times these scalars, so the first becomes the second
    when multiplied by (sigmoid(l) - 1) / sigmoid(l) = -exp(-l), row by row. Below `SUREST`, where
    float32 has no sigmoid to divide by, the pull fades, and below -87 there is none.

    Set `logits` (batch, 1) once they are known, before any gradient is taken.

    Args:
        weight: Factor of the generator's loss relative to the discriminator's.
    """

    def __init__(self, weight: float = 1.0):
        self.weight = weight
        self.logits = None

    def __call__(self, codes: tf.Tensor) -> tf.Tensor:
        """The codes, unchanged, shape (batch, dim)."""

        @tf.custom_gradient
        def identity(codes: tf.Tensor) -> tuple[tf.Tensor, Callable]:
            def other_side(upstream: tf.Tensor) -> tf.Tensor:
                # Beyond it the product of sigmoid and exponential leaves float32's range.
                ratio = -tf.exp(-tf.maximum(self.logits, SUREST))
                return self.weight * ratio * upstream

            return tf.identity(codes), other_side

        return identity(codes)


def gradients_of(tape: tf.GradientTape, phases: Sequence[Phase], losses: Named) -> list[tuple]:
    """As `aae.plain_gradients_of`, in as few backward passes as the optimizers allow."""
    sums: dict[int, tuple] = {}
    for together in backward_passes(phases):
        names = {phase.name for phase in together}
        if {"discriminator", "generator"} <= names:
            names.remove("generator")  # its gradient comes out of the discriminator's
        variables = distinct(variable for phase in together for variable in phase.variables)
        gradients = tape.gradient([losses[name] for name in sorted(names)], variables)
        by_variable = dict(zip(map(id, variables), gradients, strict=True))
        for optimizer in distinct(phase.optimizer for phase in together):
            served = (phase for phase in together if phase.optimizer is optimizer)
            own = distinct(variable for phase in served for variable in phase.variables)
            add_gradients(sums, optimizer, own, [by_variable[id(variable)] for variable in own])
    return updates(sums)


def backward_passes(phases: Sequence[Phase]) -> list[list[Phase]]:
    """Phases in groups whose gradients come from one backward pass.

    Together are phases with the same optimizer. The discriminator, whose loss would move the
    encoder the wrong way, goes with the generator if that loss is turned, and by itself otherwise.
    """
    sharing: dict[int, list[Phase]] = {}
    for phase in phases:
        if phase.name != "discriminator":
            sharing.setdefault(id(phase.optimizer), []).append(phase)
    groups = list(sharing.values())
    for phase in phases:
        if phase.name == "discriminator":
            turned = reversal_weights(phases) is not None
            hosts = (g for g in groups if turned and any(p.name == "generator" for p in g))
            host = next(hosts, None)
            if host is None:
                groups.append(host := [])
            host.append(phase)
    return groups


def compiled(
    optimizer: keras.optimizers.Optimizer,
) -> Callable[[Sequence[tf.Tensor], Sequence[keras.Variable]], None]:
    """`optimizer.apply` as one XLA program, but where the step runs eagerly.

    A rule like Adam's is a dozen element-wise operations, each a pass over the weights. XLA makes
    them two, which is what counts where it does not compile the step around them.
    """
    if tf.executing_eagerly():
        return optimizer.apply

    def apply(gradients: Sequence[tf.Tensor], variables: Sequence[keras.Variable]) -> None:
        update = tf.function(
            lambda *gradients: optimizer.apply(gradients, variables),
            jit_compile=True,
            autograph=False,
        )
        update(*gradients)

    return apply
