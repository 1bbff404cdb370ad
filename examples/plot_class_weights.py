"""
Class weights on imbalanced data
================================

Where one class is rare, class weights move the point at which a classifier calls it. They do
little to how well the classes are told apart, and they spoil the probabilities. Precision-recall
curves show the one, the log-loss the other.
"""

# %%
# The data
# --------
# Three rows in a hundred belong to the class that is looked for.

import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.metrics import (
    average_precision_score,
    log_loss,
    precision_recall_curve,
    precision_score,
    recall_score,
)
from sklearn.model_selection import train_test_split

from skshallow import ShallowTanhClassifier

X, y = make_classification(
    12_000, 6, n_informative=4, n_redundant=0, weights=[0.97], class_sep=0.7, flip_y=0.005,
    random_state=3,
)  # fmt: skip
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"{y_train.mean():.1%} of {len(y_train)} rows are of the rare class")

# %%
# Three weights
# -------------
# A weight of 5 means that each row of the rare class counts as five; "balanced" gives both
# classes the same total weight. The dot is where `predict` calls the rare class, that is where its
# weighted probability is above one half. A weight also makes the penalty count for less; alpha is
# smaller here than by default, so that this plays little part.

weights = {"no weights": None, "weight 5": {1: 5}, '"balanced"': "balanced"}
figure, axis = plt.subplots(figsize=(6.6, 5), layout="constrained")
for (name, class_weight), style in zip(weights.items(), ("-", "--", ":"), strict=True):
    model = ShallowTanhClassifier(8, alpha=1.0, class_weight=class_weight, random_state=0)
    model.fit(X_train, y_train)
    probability, label = model.predict_proba(X_test)[:, 1], model.predict(X_test)
    precision, recall = precision_score(y_test, label), recall_score(y_test, label)
    print(
        f"{name:13} precision {precision:.2f}, recall {recall:.2f}, average precision "
        f"{average_precision_score(y_test, probability):.2f}, log-loss "
        f"{log_loss(y_test, probability):.3f}"
    )
    precisions, recalls, _ = precision_recall_curve(y_test, probability)
    [line] = axis.plot(recalls, precisions, style, label=name)
    axis.plot(recall, precision, "o", color=line.get_color(), markersize=9)
axis.legend()
axis.set(
    xlabel="recall: share of the rare class that is found",
    ylabel="precision: share of what is called rare that is",
    title="A dot is where predict stands on its curve",
)

# %%
# Weights move the dot to the right: more of the rare class is found, at the price of more false
# alarms. The curves differ far less. Where probabilities are used, or the threshold is chosen
# anyway (scikit-learn's `TunedThresholdClassifierCV` does it), fit without weights.

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("class_weights.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
