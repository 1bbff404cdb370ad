"""
The flower: four hidden units against a straight line
=====================================================

Four hundred points lie on the petals of a flower, and the two classes alternate around its
centre, so that no straight line separates them. A network of four tanh units bends its
decision boundary around the petals; logistic regression, which is the same model without its
hidden layer, cannot.
"""

# %%
# The data
# --------
# A point at angle t has radius 4 sin(4 t): a petal for each half wave, on the opposite side
# where the sine is negative. The angles of one class fill half a turn, those of the other the
# rest, all with some noise.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from skshallow import ShallowTanhClassifier

rng = np.random.default_rng(1)
y = np.repeat([0, 1], 200)
angle = np.linspace(0, 2 * np.pi, 400) + 0.2 * rng.standard_normal(400)
radius = 4 * np.sin(4 * angle) + 0.2 * rng.standard_normal(400)
X = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])

# %%
# Two models
# ----------
# With 8 x 2 + 1 weights and biases to choose, the penalty can be small. The fit is a local
# minimum of a function with several, so `random_state` is fixed.

models = {
    "Logistic regression": LogisticRegression(),
    "Four tanh units": ShallowTanhClassifier(n_hidden=4, alpha=0.01, random_state=0),
}
folds = StratifiedKFold(5, shuffle=True, random_state=0)
for name, model in models.items():
    accuracy = cross_val_score(model, X, y, cv=folds).mean()
    model.fit(X, y)
    print(f"{name}: accuracy {model.score(X, y):.3f} on these points, {accuracy:.3f} in 5 folds")

network = models["Four tanh units"]
print(f"The network took {network.n_iter_} iterations; F = {network.loss_:.4f}")

# %%
# Their decision boundaries
# -------------------------
# The shade is the probability of the second class, the line where it is one half.

figure, axes = plt.subplots(1, 2, figsize=(10, 5.4), layout="constrained", sharey=True)
for axis, (name, model) in zip(axes, models.items(), strict=True):
    shared = {"ax": axis, "eps": 0.7, "grid_resolution": 300}
    DecisionBoundaryDisplay.from_estimator(
        model, X, response_method="predict_proba", plot_method="pcolormesh",
        cmap="RdBu_r", vmin=0, vmax=1, alpha=0.6, **shared,
    )  # fmt: skip
    DecisionBoundaryDisplay.from_estimator(
        model, X, response_method="decision_function", plot_method="contour",
        levels=[0], colors="black", **shared,
    )  # fmt: skip
    axis.scatter(*X.T, c=y, cmap="RdBu_r", s=14, edgecolor="white", linewidth=0.4)
    axis.set(title=f"{name}: {model.score(X, y):.1%} right", xlabel="$x_1$")
    axis.set_box_aspect(1)
axes[0].set_ylabel("$x_2$")

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("flower.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
