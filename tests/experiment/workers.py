"""One of two workers on loopback: `python -m tests.experiment.workers RANK PORTS FOLDER WORK...`.

It trains in FOLDER what each WORK says, and prints a line for each.
"""

import json
import os
import pathlib
import signal
import sys


def main(rank, ports, folder, works):
    addresses = [f"127.0.0.1:{port}" for port in ports.split(",")]
    task = {"type": "worker", "index": rank}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
    import keras

    from aae_keras.errors import UserError
    from aae_keras.experiment.learning import training

    class DieIn(keras.callbacks.Callback):
        """Ends the process, without a word, in the middle of an epoch."""

        def on_epoch_begin(self, epoch, logs=None):
            self.dies = epoch == 1

        def on_train_batch_end(self, batch, logs=None):
            if self.dies and batch == 1:
                os.kill(os.getpid(), signal.SIGKILL)

    for work in works:
        deadly = work == "killed" and rank == 1
        try:
            run = training.train(
                config_of(folder, work),
                folder / work.removesuffix("-resumed"),
                resume=work.endswith("-resumed"),
                callbacks=[DieIn()] if deadly else [],
                verbose=0,
                distribute="multiworker",
            )
            print(work, run.revision, flush=True)
        except UserError as error:
            print(work, error, flush=True)
            return


def config_of(folder, work):
    """A run with all that must be kept equal; `curve` is soon traced, and has no noise."""
    import dataclasses

    from tests.conftest import small_config

    small = dataclasses.replace(small_config(folder / "own.npz"), jit_compile="auto", epochs=2)
    if work == "curve":
        return dataclasses.replace(small, setting="labels-only", input_noise=0.0)
    return dataclasses.replace(
        small,
        pretrain="clustering",
        pretrain_clusters=2,
        pretrain_epochs=1,
        batch_norm=True,
        batch_norm_heads=False,
        encoder_average=0.9,
        extra_terms=("marginal_entropy",),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4:])
