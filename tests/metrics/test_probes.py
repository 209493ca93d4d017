import numpy as np

from aae_keras.metrics import probes


def clouds(random, distance, count=300):
    labels = np.arange(count) % 3
    return labels, random.normal(size=(count, 2)) + distance * np.eye(3)[labels, :2]


def test_a_probe_finds_the_label_that_is_there(random):
    assert probes.label_probe_accuracy(clouds(random, 20.0)) == 1.0
    assert probes.label_probe_accuracy(clouds(random, 20.0), clouds(random, 20.0)) == 1.0


def test_a_probe_finds_chance_where_there_is_none(random):
    assert 0.2 < probes.label_probe_accuracy(clouds(random, 0.0)) < 0.47


def test_a_probe_needs_images_of_each_class(random):
    labels, codes = clouds(random, 1.0, count=9)
    assert probes.label_probe_accuracy((labels, codes)) is None
    assert probes.label_probe_accuracy((np.zeros(50, int), codes.repeat(6, axis=0)[:50])) is None


def test_component_accuracy_is_one_for_the_priors_own_samples():
    places = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])

    def sample(components):
        return places[components] + np.random.default_rng(0).normal(size=(len(components), 2))

    labels = np.arange(60) % 3
    assert probes.component_accuracy(labels, places[labels], sample, 3) == 1.0
    turned = places[(labels + 1) % 3]
    assert probes.component_accuracy(labels, turned, sample, 3) == 0.0


def test_generated_images_are_judged_by_real_ones(random):
    labels = np.arange(90) % 3
    images = 0.1 * random.random((90, 12)) + np.eye(3)[labels].repeat(4, axis=1)
    half = np.where(np.arange(90) < 45, labels, (labels + 1) % 3)
    assert probes.generated_accuracy((labels, images), (labels, images)) == 1.0
    assert probes.generated_accuracy((labels, images), (half, images)) == 0.5
