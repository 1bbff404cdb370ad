"""
A real table, a pipeline and a grid search
==========================================

On a table whose labels are noisy the penalty decides whether a network is better than no model.
This example searches for it, and then lets :class:`~skshallow.ShallowTanhClassifierCV` choose it.
"""

# %%
# Words and numbers
# -----------------
# 1473 couples of a survey: age, schooling, children, work and religion, and which kind of
# contraception they use. Numbers are scaled and words are turned into columns of zeros and ones,
# which should not be scaled: hence ``standardize=False``.

from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV

# In a checkout of the project, or in its folder of examples.
folder = Path("examples") if Path("examples").is_dir() else Path()
table = pd.read_csv(folder / "data" / "contraception.csv")
X, y = table.drop(columns="target"), table["target"]
columns = make_column_transformer(
    (StandardScaler(), make_column_selector(dtype_include="number")),
    (OneHotEncoder(drop="if_binary"), make_column_selector(dtype_exclude="number")),
)

# %%
# One network with a weak penalty
# -------------------------------
# The log-loss judges the probabilities and not just the labels. A model that knows nothing predicts
# the shares of the classes, and has the log-loss of the first line. For a search a larger `tol` is
# good enough, since networks with weak penalties take long to converge.

folds = StratifiedKFold(5, shuffle=True, random_state=0)


def log_losses(model):
    """Log-loss of each fold, on rows that the model has not seen."""
    return -cross_val_score(model, X, y, cv=folds, scoring="neg_log_loss")


losses = {"class shares": log_losses(DummyClassifier())}
network = ShallowTanhClassifier(standardize=False, tol=1e-3, random_state=0)
weak = make_pipeline(columns, clone(network).set_params(alpha=1))
losses["alpha=1"] = log_losses(weak)
for name, values in losses.items():
    print(f"{name}: log-loss {values.mean():.3f}")

# %%
# Choosing alpha and n_hidden
# ---------------------------
# The search's best score was chosen on the rows that it is measured on. Searching anew inside each
# fold of an outer cross-validation gives an honest one.

sizes, penalties = [2, 8, 32], [1, 3, 10, 30, 100]
pipeline = make_pipeline(columns, network)
grid = {"shallowtanhclassifier__alpha": penalties, "shallowtanhclassifier__n_hidden": sizes}
search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=folds)
start = perf_counter()
best = search.fit(X, y).best_estimator_[-1]
seconds = {"searched": perf_counter() - start}
print(
    f"Best of {len(sizes) * len(penalties)}: n_hidden={best.n_hidden}, "
    f"alpha={best.alpha:g}, log-loss {-search.best_score_:.3f} in the search"
)
losses["searched"] = log_losses(search)

# %%
# Letting the path choose
# -----------------------
# ShallowTanhClassifierCV needs no grid. It stacks several penalties, and its folds are solved side
# by side, each alpha from the solution of the one before.

chosen = make_pipeline(columns, ShallowTanhClassifierCV(standardize=False, random_state=0))
start = perf_counter()
chosen.fit(X, y)
seconds["path"] = perf_counter() - start
losses["path"] = log_losses(chosen)
for name, taken in seconds.items():
    print(f"{name}: log-loss {losses[name].mean():.3f}, a fit takes {taken:.2f} s")

# %%
# With too weak a penalty the network is worse than no model; a layer of the wrong size costs little
# beside that.

means = -search.cv_results_["mean_test_score"].reshape(len(penalties), len(sizes))
errors = search.cv_results_["std_test_score"].reshape(means.shape) / np.sqrt(folds.get_n_splits())
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for size, aside, mean, error in zip(sizes, (0.9, 1, 1.1), means.T, errors.T, strict=True):
    # Beside each other, so that the bars do not overlap.
    left.errorbar(
        np.multiply(penalties, aside), mean, error, marker="o", capsize=3, label=f"{size} units"
    )
left.axhline(losses["class shares"].mean(), color="0.45", linestyle=":", label="class shares")
left.set(xscale="log", xlabel="alpha", ylabel="log-loss", title="Grid search, mean of 5 folds")
left.set_xticks(penalties, [f"{alpha:g}" for alpha in penalties])
left.legend(title="Mean and its standard error")
for position, values in enumerate(losses.values()):
    right.scatter(np.full(len(values), position), values, alpha=0.7)
    right.hlines(values.mean(), position - 0.2, position + 0.2, color="black")
right.set(xlim=(-0.5, 3.5), ylabel="log-loss", title="Each fold, and their mean")
right.set_xticks(range(len(losses)), list(losses))

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("pipeline_and_grid_search.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
