"""
The path over alpha
===================

:class:`~skshallow.ShallowTanhClassifierCV` visits values of alpha, judges each by the rows that its
folds hold out, and combines those that are worth it. A table with noisy labels and one whose
classes are easy to tell apart need different values.
"""

# %%
# Two tables
# ----------
# The penguins of the Palmer Archipelago have two columns of words, four of numbers, and some
# missing values; their species are easy to tell apart. The noisy table is made: two of its ten
# columns matter, and a third of its labels are drawn at random.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skshallow import ShallowTanhClassifierCV

# In a checkout of the project, or in its folder of examples.
folder = Path("examples") if Path("examples").is_dir() else Path()
penguins = pd.read_csv(folder / "data" / "penguins.csv")
print(penguins.iloc[[0, 3, 200]].to_string(index=False))
X_clean, y_clean = penguins.drop(columns="target"), penguins["target"]

rng = np.random.default_rng(0)
X_noisy = rng.standard_normal((1000, 10))
y_noisy = np.where(X_noisy[:, 0] > X_noisy[:, 1] ** 2, "yes", "no")
drawn = rng.random(1000) < 1 / 3
y_noisy[drawn] = rng.choice(["yes", "no"], drawn.sum())

# %%
# Two fits
# --------
# In the pipeline numbers are scaled and words are not, so the network need not standardise. By
# default a direction of the path ends where the score gets worse. Here nine values are visited in
# any case, for the sake of the picture.

columns = make_column_transformer(
    (
        make_pipeline(StandardScaler(), SimpleImputer(add_indicator=True)),
        make_column_selector(dtype_include="number"),
    ),
    (
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10),
        make_column_selector(dtype_exclude="number"),
    ),
)
pipeline = make_pipeline(
    columns, ShallowTanhClassifierCV(standardize=False, alphas=9, random_state=0)
)
models = {
    "noisy labels": ShallowTanhClassifierCV(alphas=9, random_state=0).fit(X_noisy, y_noisy),
    "penguins": pipeline.fit(X_clean, y_clean)[-1],
}

# %%
# The scores are minus the log-loss of the rows that each fold holds out. The stack is a weighted
# sum of the networks' logits, with the weights that are best on these rows. It is one network, with
# 32 hidden units for each value of alpha that has a weight.

for (name, model), y in zip(models.items(), (y_noisy, y_clean), strict=True):
    shares = np.unique(y, return_counts=True)[1] / len(y)
    scores = model.scores_.mean(axis=1)
    print(f"{name}: score of the class shares {shares @ np.log(shares):.4f}")
    print(f"  alpha = 1     {scores[model.alphas_ == 1].item():.4f}")
    print(f"  alpha = {model.alpha_:<5.3g} {scores.max():.4f}, the best single one")
    print(f"  the stack     {model.best_score_:.4f}, with {model.coefs_[0].shape[1]} hidden units")

figure, axes = plt.subplots(
    2, 2, figsize=(10, 6), layout="constrained", sharex=True, height_ratios=[2, 1]
)
for (name, model), top, bottom in zip(models.items(), *axes, strict=True):
    alphas, scores = model.alphas_, model.scores_
    mean, spread = scores.mean(axis=1), scores.std(axis=1)
    top.fill_between(
        alphas, mean - spread, mean + spread, alpha=0.2, label="deviation of the folds"
    )
    top.plot(alphas, mean, marker="o", label="mean")
    top.axhline(model.best_score_, color="black", linestyle="--", label="stack")
    # A fixed range: scores of overfitted networks would leave no height for the others.
    top.set(title=name, xscale="log", ylim=(3 * model.best_score_, 0))
    bottom.bar(alphas, model.stack_weights_, width=0.3 * alphas)
    bottom.axhline(0, color="black", linewidth=0.8)
    bottom.set(xlabel="alpha")
axes[0, 0].set_ylabel("score: minus the log-loss")
axes[1, 0].set_ylabel("weight in the stack")
axes[0, 0].legend(loc="lower right")

# %%
# With noisy labels networks of small alpha fit the noise: at alpha = 1 the score is worse than that
# of the class shares. On the penguins small values do no harm. A large alpha, whose own score is
# poor, has the largest weight in the stack there: its logits order the rows well but are too small,
# and a weight above 1 makes them larger.

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("path.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
