"""Losses and samplers that a configuration names: every one trains `mf`, and is what its name says."""

from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.test_parity import CATALOGUE
from trainer.models.losses import PAIRWISE
from trainer.models.retrieval.config import MfConfig, Sampler, TwoTowerConfig, YoutubeDnnConfig
from trainer.models.retrieval.registry import build
from trainer.models.samplers import SamplerName, sampler

#: u0 watches films 1 and 2, u1 films 2 and 3.
BATCH = {"user_id": tf.constant([1, 1, 2, 2]), "movie_id": tf.constant([1, 2, 2, 3])}


def loss_before_and_after(config, steps=60):
    """The mean of a few losses at the beginning, and after some steps; negatives are drawn at random."""
    keras.utils.set_random_seed(0)
    model, optimizer = build(config, CATALOGUE), keras.optimizers.Adam(0.1)
    optimizer.build(model.trainable_variables)

    @tf.function
    def train():
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                loss = model.compute_loss(BATCH, training=True)
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    def now():
        return float(np.mean([model.compute_loss(BATCH) for _ in range(8)]))

    before = now()
    train()
    return before, now()


def test_the_configuration_names_every_pairwise_loss():
    assert set(get_args(MfConfig.model_fields["loss"].annotation)) == {"full", "sampled", *PAIRWISE}


@pytest.mark.parametrize("loss", ["sampled", *PAIRWISE])
def test_every_named_loss_is_learned(loss):
    before, after = loss_before_and_after(MfConfig(dim=4, loss=loss, negatives=8, l2=0.0))

    assert after < before - 0.02


def test_the_configuration_names_every_sampler():
    assert get_args(Sampler) == get_args(SamplerName)
    for config in (TwoTowerConfig, YoutubeDnnConfig):
        assert config.model_fields["sampler"].annotation == Sampler


@pytest.mark.parametrize("name", get_args(Sampler))
def test_every_named_sampler_is_trained_with(name):
    before, after = loss_before_and_after(MfConfig(dim=4, loss="sampled", negatives=8, sampler=name, l2=0.0))

    assert after < before


def test_a_sampler_draws_as_its_name_says():
    counts = np.array([0, 8, 1, 1])
    expected = {name: sampler(name, counts, 12).expected([1, 2, 3]).numpy() for name in get_args(Sampler)}

    np.testing.assert_allclose(expected["popularity"], [9.6, 1.2, 1.2], rtol=1e-6)
    np.testing.assert_allclose(expected["uniform"], [4, 4, 4], rtol=1e-6)
    # log(1 + 1 / rank) / log(n + 1), of ranks 1 to 3
    np.testing.assert_allclose(expected["log_uniform"], [6.0, 3.509775, 2.490225], rtol=1e-5)


def test_pairs_are_drawn_evenly_and_a_softmax_by_popularity_where_nothing_is_said():
    drawn_by = {
        loss: build(MfConfig(dim=4, loss=loss, negatives=12), CATALOGUE)._negatives.expected([1, 2]).numpy()
        for loss in ("bpr", "sampled")
    }

    assert drawn_by["bpr"].tolist() == [4.0, 4.0]
    assert drawn_by["sampled"].max() > drawn_by["sampled"].min()
