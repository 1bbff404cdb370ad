"""
Reading the hidden units
========================

A hidden unit splits the plane by a line, gently or sharply; the output adds the units up. With
four units the whole network can be read off five pictures.
"""

# %%
# A small network on the flower
# -----------------------------
# A network this small has many local minima. `n_init=20` tries twenty starts and keeps the one
# with the lowest F.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skshallow import ShallowTanhClassifier
from skshallow.inspection import HiddenUnitDisplay

rng = np.random.default_rng(1)
y = np.repeat([0, 1], 200)
angle = np.linspace(0, 2 * np.pi, 400) + 0.2 * rng.standard_normal(400)
radius = 4 * np.sin(4 * angle) + 0.2 * rng.standard_normal(400)
X = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])

network = ShallowTanhClassifier(4, alpha=0.01, n_init=20, random_state=0).fit(X, y)
starts = np.sort(network.start_losses_.ravel())
print(f"F of the twenty starts: {starts[0]:.3f} at best, {starts[-1]:.3f} at worst")
print(f"{network.score(X, y):.1%} of the points are right")

# %%
# What each unit computes
# -----------------------
# Orange is +1, lilac is -1, the black line is where the unit is zero. A positive output weight
# draws the orange side to the second class, here red, and the lilac side to the first, blue.

# sphinx_gallery_defer_figures

figure = plt.figure(figsize=(11, 6), layout="constrained")
axes = figure.subplot_mosaic([[0, 1, "all", "all"], [2, 3, "all", "all"]])
display = HiddenUnitDisplay.from_estimator(
    network, X, y=y, ax=[axes[unit] for unit in range(4)], scatter_kw={"s": 7}
)

# %%
# Their sum
# ---------
# The decision boundary, in black, is where the weighted units and the bias add up to zero. The
# units' own lines are dashed in white. Away from them every unit is nearly constant, and so is the
# probability: it changes across the lines, and most of the boundary runs along three of them.

whole = axes["all"]
shared = {"ax": whole, "eps": 1.5, "grid_resolution": 300}
DecisionBoundaryDisplay.from_estimator(
    network, X, response_method="predict_proba", plot_method="pcolormesh",
    cmap="RdBu_r", vmin=0, vmax=1, alpha=0.6, **shared,
)  # fmt: skip
DecisionBoundaryDisplay.from_estimator(
    network, X, response_method="decision_function", plot_method="contour",
    levels=[0], colors="black", linewidths=3, **shared,
)  # fmt: skip
for activation in display.activations:
    whole.contour(display.xx0, display.xx1, activation, levels=[0], colors="white", linestyles="--")
whole.scatter(*X.T, c=y, cmap="RdBu_r", s=14, edgecolor="white", linewidth=0.4)
whole.set(title="The network: probability of the second class", xlabel="$x_1$", ylabel="$x_2$")
whole.set(xlim=axes[0].get_xlim(), ylim=axes[0].get_ylim())  # the same part of the plane

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("hidden_units.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
