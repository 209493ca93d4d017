"""Workers on a Ray cluster that train one run: `pip install 'ray[train]'`, then run this on it.

Ray sets TF_CONFIG for each. When one dies it starts all anew, and these go on from the last epoch.
"""

import pathlib

from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.tensorflow import TensorflowTrainer

FOLDER = pathlib.Path("/shared/runs/mnist")


def worker():
    """What each worker does; the first says what is trained, and writes the folder."""
    import aae_keras

    aae_keras.train(
        aae_keras.preset(
            "mnist-all-plus", data_dir="/shared/tfds", batch_size=400, labeled_batch_size=400
        ),
        FOLDER,
        resume=(FOLDER / "config.yaml").exists(),
        distribute="multiworker",
    )


trainer = TensorflowTrainer(
    worker,
    scaling_config=ScalingConfig(num_workers=4, use_gpu=True),
    run_config=RunConfig(failure_config=FailureConfig(max_failures=10)),
)
trainer.fit()
