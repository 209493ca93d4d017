"""Learning curves of a report, and how to read them."""

from aae_keras.experiment.pictures.figures import RECONSTRUCTION_UNIT
from aae_keras.experiment.run_folder.outcomes import read_history
from aae_keras.experiment.run_folder.runs import Run
from aae_keras.plots.curves import panels
from aae_keras.report.contents import Chart, Line, Reference

# By a panel's title.
AIDS = {
    "Reconstruction": (
        "Should fall and flatten. Validation above training by more and more: the decoder learns "
        "single images by heart."
    ),
    "Classification": (
        "Of the labelled images; with few labels training soon reaches 0, and validation alone "
        "says something."
    ),
    "Error": (
        "Validation is the one to watch. Training labels at 0 % are no cause for joy where they "
        "are few."
    ),
    "Discriminators": (
        "2 log 2 = 1.386 is what a discriminator pays that cannot tell codes from samples of the "
        "prior: the goal. Near 0 it wins, and the codes do not follow the prior."
    ),
    "Encoder as generator": (
        "log 2 = 0.693 where the discriminator is undecided: the goal. Far above it the encoder "
        "loses the game."
    ),
    "Additions": (
        "Terms that the configuration adds, each before its weight. They need not reach 0: see "
        "that they settle."
    ),
}


def charts(run: Run) -> tuple[Chart, ...]:
    """The learning curves of a run.

    Args:
        run: The `Run`.

    Raises:
        RunError: If its history is missing or damaged.
    """
    unit = RECONSTRUCTION_UNIT[run.config.reconstruction]
    return tuple(
        Chart(
            panel.title,
            panel.unit,
            tuple(Line(label, tuple(at), tuple(values)) for label, at, values in panel.curves),
            tuple(Reference(label, value) for label, value in panel.references.items()),
            AIDS[panel.title],
        )
        for panel in panels(read_history(run), unit)
    )


def stage_ends(run: Run) -> tuple[float, ...]:
    """The epochs after which another stage began; none in a run of one stage.

    Args:
        run: The `Run`.
    """
    history = read_history(run)
    pairs = zip(history, history[1:], strict=False)
    return tuple(row["epoch"] for row, after in pairs if row.get("stage") != after.get("stage"))
