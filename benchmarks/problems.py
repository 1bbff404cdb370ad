"""Data sets for the benchmarks: scikit-learn's bundled ones and generated ones, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_blobs,
    make_circles,
    make_classification,
    make_gaussian_quantiles,
    make_hastie_10_2,
    make_moons,
)


def flower(n_samples: int = 400, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two classes on the petals of a flower, as in examples/plot_flower.py."""
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], n_samples // 2)
    angle = np.linspace(0, 2 * np.pi, n_samples) + 0.2 * rng.standard_normal(n_samples)
    radius = 4 * np.sin(4 * angle) + 0.2 * rng.standard_normal(n_samples)
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]), y


def noise(n_samples: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Features that say nothing of the classes."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n_samples, 20)), rng.integers(0, 2, n_samples)


PROBLEMS: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "breast cancer": partial(load_breast_cancer, return_X_y=True),
    "wine": partial(load_wine, return_X_y=True),
    "iris": partial(load_iris, return_X_y=True),
    "digits": partial(load_digits, return_X_y=True),
    "flower": flower,
    "moons": partial(make_moons, 1000, noise=0.2, random_state=0),
    "circles": partial(make_circles, 600, noise=0.15, factor=0.6, random_state=0),
    "blobs": partial(make_blobs, 500, centers=5, cluster_std=2.5, random_state=0),
    "quantiles": partial(make_gaussian_quantiles, n_samples=800, n_classes=3, random_state=0),
    "hastie": partial(make_hastie_10_2, 2000, random_state=0),
    "clusters": partial(
        make_classification, 2000, 20, n_informative=10, n_clusters_per_class=4, random_state=0
    ),
    "flipped": partial(make_classification, 1000, 30, n_informative=5, flip_y=0.2, random_state=0),
    "imbalanced": partial(make_classification, 2000, 10, weights=[0.97], random_state=0),
    "noise": noise,
}
