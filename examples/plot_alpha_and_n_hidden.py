"""
What alpha and n_hidden do
==========================

The two parameters that matter most are the number of hidden units, which limits how often a
decision boundary can bend, and the strength of the penalty, which limits how sharply. A grid of
fits on noisy moons shows both.
"""

# %%
# The data
# --------
# A hundred noisy points to learn from, and ten thousand more to judge by.

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss

from skshallow import ShallowTanhClassifier

X, y = make_moons(100, noise=0.3, random_state=4)
X_test, y_test = make_moons(10_000, noise=0.3, random_state=5)

# %%
# Sixteen fits
# ------------
# The shade is the probability of the second class, the line where it is one half. The number is
# the log-loss on the points that were not learnt from: smaller is better.

sizes = [1, 2, 8, 32]
penalties = [0.001, 0.1, 1.0, 10.0]
losses = {}
figure, axes = plt.subplots(
    len(penalties), len(sizes), figsize=(10, 9.8), layout="constrained", sharex=True, sharey=True
)
for row, alpha in zip(axes, penalties, strict=True):
    for axis, n_hidden in zip(row, sizes, strict=True):
        model = ShallowTanhClassifier(n_hidden, alpha=alpha, n_init=5, random_state=0).fit(X, y)
        losses[alpha, n_hidden] = log_loss(y_test, model.predict_proba(X_test))
        shared = {"ax": axis, "eps": 0.5, "grid_resolution": 150}
        DecisionBoundaryDisplay.from_estimator(
            model, X, response_method="predict_proba", plot_method="pcolormesh",
            cmap="RdBu_r", vmin=0, vmax=1, alpha=0.6, **shared,
        )  # fmt: skip
        DecisionBoundaryDisplay.from_estimator(
            model, X, response_method="decision_function", plot_method="contour",
            levels=[0], colors="black", **shared,
        )  # fmt: skip
        axis.scatter(*X.T, c=y, cmap="RdBu_r", s=12, edgecolor="white", linewidth=0.4)
        axis.text(
            0.97, 0.03, f"{losses[alpha, n_hidden]:.2f}", transform=axis.transAxes, ha="right",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
        )  # fmt: skip
        axis.set(xlabel="", ylabel="", xticks=[], yticks=[])
    row[0].set_ylabel(f"alpha = {alpha:g}")
for axis, n_hidden in zip(axes[0], sizes, strict=True):
    axis.set_title(f"{n_hidden} hidden unit{'s' if n_hidden > 1 else ''}")

# %%
# One unit can draw no more than a line. With the weakest penalty 8 and 32 units fit the noise,
# and the log-loss on new points grows above 1. With the strongest the boundary is a line, however
# many units there are. At alpha = 0.1 two, eight or 32 units do about as well: once the penalty
# fits the data, a wide hidden layer does little harm. For so few rows 1 is too strong, and the
# default, 7, even more so, since alpha is weighed against the sum of the losses.

for alpha in penalties:
    row = "  ".join(f"{losses[alpha, n_hidden]:.3f}" for n_hidden in sizes)
    print(f"alpha = {alpha:<6g} log-loss with {sizes} hidden units: {row}")

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("alpha_and_n_hidden.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
