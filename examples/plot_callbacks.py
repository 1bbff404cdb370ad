"""
Callbacks: a progress bar, and a film of a fit
==============================================

scikit-learn's callbacks, experimental there since version 1.9, are told of each iteration of a
fit. One of them shows a progress bar; others are a few lines to write. The one below films how a
decision boundary takes shape, and stops the fit when it is good enough.
"""

# %%
# A progress bar
# --------------
# `ProgressBar` needs the package rich. Set on a search, it follows the candidates and folds;
# with a greater `max_propagation_depth` it follows the fits in them too.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV

from skshallow import ShallowTanhClassifier

# The flower of another example: two classes on petals that alternate.
rng = np.random.default_rng(1)
y = np.repeat([0, 1], 200)
angle = np.linspace(0, 2 * np.pi, 400) + 0.2 * rng.standard_normal(400)
radius = 4 * np.sin(4 * angle) + 0.2 * rng.standard_normal(400)
X = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])

search = GridSearchCV(ShallowTanhClassifier(random_state=0), {"n_hidden": [2, 4, 8]}, cv=5)
search.set_callbacks(ProgressBar(max_propagation_depth=0)).fit(X, y)

# %%
# A callback of one's own
# -----------------------
# A callback has these four methods. What `on_fit_task_end` names among its arguments it gets:
# here `fitted_estimator`, a copy that predicts with the weights of this iteration. The fit stops
# when it returns True.


class Film:
    """Keeps probabilities on a grid after each iteration; stops at a given accuracy."""

    def __init__(self, grid, accuracy):
        self.grid, self.accuracy = grid, accuracy
        self.frames, self.scores = [], []

    def setup(self, estimator, context):
        """Begin nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Wait for the end of the iteration."""

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        """Take a frame; True ends the fit."""
        if context.task_name != "iteration":
            return False
        self.frames.append(fitted_estimator.predict_proba(self.grid)[:, 1])
        self.scores.append(fitted_estimator.score(X, y))
        return self.scores[-1] >= self.accuracy

    def teardown(self, estimator, context):
        """Leave nothing behind."""


side = np.linspace(-5, 5, 200)
xx, yy = np.meshgrid(side, side)
film = Film(np.column_stack([xx.ravel(), yy.ravel()]), accuracy=0.94)
model = ShallowTanhClassifier(n_hidden=8, alpha=0.01, random_state=0).set_callbacks(film).fit(X, y)
print(f"Stopped after {model.n_iter_} iterations at {film.scores[-1]:.1%} of the points right")

# %%
# The film
# --------
# The shade is the probability of the second class, the line where it is one half.

shown = np.unique(np.geomspace(1, model.n_iter_, 8).round().astype(int))
figure, axes = plt.subplots(2, 4, figsize=(10, 5.6), layout="constrained", sharex=True, sharey=True)
for axis, iteration in zip(axes.ravel(), shown, strict=True):
    frame = film.frames[iteration - 1].reshape(xx.shape)
    axis.pcolormesh(xx, yy, frame, cmap="RdBu_r", vmin=0, vmax=1, alpha=0.6, rasterized=True)
    axis.contour(xx, yy, frame, levels=[0.5], colors="black")
    axis.scatter(*X.T, c=y, cmap="RdBu_r", s=6, edgecolor="white", linewidth=0.2)
    axis.set_title(f"iteration {iteration}: {film.scores[iteration - 1]:.0%} right", fontsize=10)
    axis.set(xticks=[-4, 0, 4], yticks=[-4, 0, 4])
    axis.set_box_aspect(1)
figure.supxlabel("$x_1$")
figure.supylabel("$x_2$")

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("callbacks.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
