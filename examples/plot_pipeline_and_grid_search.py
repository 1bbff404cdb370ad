"""
Raw data, a pipeline and a grid search
======================================

The features of the breast cancer data run from thousandths to thousands. The network takes
them as they are, so that the only choices left are the ones a study is about: how many hidden
units, and how strong a penalty.
"""

# %%
# One fit, on raw features
# ------------------------
# These data are complete; the pipeline imputes all the same, as one for real measurements would.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skshallow import ShallowTanhClassifier

X, y = load_breast_cancer(return_X_y=True)
spread = X.std(axis=0)
print(f"{len(X)} rows, {X.shape[1]} features, spreads {spread.min():.4f} to {spread.max():.0f}")

pipeline = make_pipeline(SimpleImputer(), ShallowTanhClassifier(random_state=0))
folds = StratifiedKFold(5, shuffle=True, random_state=0)
accuracy = cross_val_score(pipeline, X, y, cv=folds)
log_loss = -cross_val_score(pipeline, X, y, cv=folds, scoring="neg_log_loss")
print(f"Default parameters: accuracy {accuracy.mean():.3f}, log-loss {log_loss.mean():.4f}")

# %%
# Choosing n_hidden and alpha
# ---------------------------
# The search compares by log-loss, which judges the probabilities and not just the labels.

sizes = [2, 8, 32]
penalties = [0.01, 0.1, 1.0, 10.0]
grid = {"shallowtanhclassifier__alpha": penalties, "shallowtanhclassifier__n_hidden": sizes}
search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=folds, n_jobs=2).fit(X, y)
network = search.best_estimator_[-1]
print(
    f"Best of {len(sizes) * len(penalties)}: n_hidden={network.n_hidden}, alpha={network.alpha:g}"
)

# %%
# How good is the choice?
# -----------------------
# The search's best score has seen the rows it is measured on. Searching anew inside each fold
# of an outer cross-validation gives an honest one.

nested = -cross_val_score(search, X, y, cv=folds, scoring="neg_log_loss")
print(
    f"Log-loss of the best: {-search.best_score_:.4f} in the search, {nested.mean():.4f} honestly"
)

# %%
# Too weak a penalty costs far more than a hidden layer of the wrong size.

losses = -search.cv_results_["mean_test_score"].reshape(len(penalties), len(sizes))
errors = search.cv_results_["std_test_score"].reshape(losses.shape) / np.sqrt(folds.get_n_splits())
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for size, aside, loss, error in zip(sizes, (0.9, 1, 1.1), losses.T, errors.T, strict=True):
    # Beside each other, so that the bars do not overlap.
    left.errorbar(
        np.multiply(penalties, aside), loss, error, marker="o", capsize=3, label=f"{size} units"
    )
left.set(xscale="log", xlabel="alpha", ylabel="log-loss", title="Grid search, mean of 5 folds")
left.set_xticks(penalties, [f"{alpha:g}" for alpha in penalties])
left.legend(title="Hidden layer, standard error")
scores = {"default": log_loss, "searched\n(nested)": nested}
for position, values in enumerate(scores.values()):
    right.scatter(np.full(len(values), position), values, alpha=0.7)
    right.hlines(values.mean(), position - 0.2, position + 0.2, color="black")
right.set(xlim=(-0.5, 1.5), ylim=(0, None), ylabel="log-loss", title="Each fold, and their mean")
right.set_xticks(range(len(scores)), list(scores))

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("pipeline_and_grid_search.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
