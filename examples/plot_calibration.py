"""
Are the probabilities right?
============================

Of the cases to which a classifier gives a probability of 0.8, eight in ten should be of the
class. A calibration curve shows how far that holds; the log-loss judges calibration and
sharpness in one number.
"""

# %%
# The data
# --------
# Two thousand rows to learn from, with one label in ten drawn at random, and many to judge by.

import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier

X, y = make_classification(
    12_000, 20, n_informative=10, n_clusters_per_class=3, flip_y=0.1, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=2_000, random_state=0)

# %%
# Five classifiers
# ----------------
# All have their default parameters, but for one of the networks: its alpha of 1 is a weaker penalty
# than the default, 7. Each might gain by a search.

models = {
    "Logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
    "Random forest": RandomForestClassifier(random_state=0),
    "Histogram gradient boosting": HistGradientBoostingClassifier(random_state=0),
    "Network, alpha = 1": ShallowTanhClassifier(alpha=1.0, random_state=0),
    "Network": ShallowTanhClassifier(random_state=0),
}
probabilities = {
    name: model.fit(X_train, y_train).predict_proba(X_test)[:, 1] for name, model in models.items()
}
losses = {name: log_loss(y_test, values) for name, values in probabilities.items()}
for name, loss in losses.items():
    print(f"{name:27} log-loss {loss:.3f}")

# %%
# Too much confidence, and too little
# -----------------------------------
# A curve flatter than the diagonal shows too much confidence: what is said to be almost certain
# comes true less often. That is the network with an alpha of 1, too weak a penalty for these few
# noisy rows. A steeper curve shows too little, most of all that of the random forest. The network
# with the default alpha is a little timid too, but has the smallest log-loss. Gradient boosting and
# logistic regression are near the diagonal; but the latter tells the classes apart so poorly that
# its log-loss is large all the same.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 4.8), layout="constrained", width_ratios=[1.1, 1]
)
colors = ["0.5", "#009e73", "#e69f00", "#56b4e9", "#0072b2"]
markers = "osDv^"
for color, marker, (name, values) in zip(colors, markers, probabilities.items(), strict=True):
    CalibrationDisplay.from_predictions(
        y_test, values, n_bins=10, name=name, ax=left, color=color, marker=marker
    )
left.get_legend().remove()  # the bars are the key
left.set(
    xlabel="predicted probability, mean of a bin", ylabel="share of the class in the bin",
    title="Calibration on 10,000 other rows",
)  # fmt: skip
left.set_box_aspect(1)
bars = right.barh(list(losses), list(losses.values()), height=0.6, color=colors)
for row, (marker, loss) in enumerate(zip(markers, losses.values(), strict=True)):
    right.plot(loss, row, marker, color="black", markersize=6)
right.bar_label(bars, fmt="%.3f", padding=8)
right.invert_yaxis()
right.set(xlim=(0, 1.2 * max(losses.values())))
right.set(xlabel="log-loss: smaller is better", title="Calibration and sharpness together")

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("calibration.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
