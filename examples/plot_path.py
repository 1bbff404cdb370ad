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
# The first table has 1473 couples of a survey, and asks which method of contraception they use: a
# choice that age, schooling and number of children tell little about. The second has the penguins
# of the Palmer Archipelago, whose species are easy to tell apart. Both have columns of words and of
# numbers, and some values of the penguins are missing.

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skshallow import ShallowTanhClassifierCV
from skshallow.inspection import AlphaPathDisplay

# In a checkout of the project, or in its folder of examples.
folder = Path("examples") if Path("examples").is_dir() else Path()
tables = {
    name: pd.read_csv(folder / "data" / f"{name}.csv") for name in ("contraception", "penguins")
}
for table in tables.values():
    print(table.iloc[[0, 3, 200]].to_string(index=False))

# %%
# Two fits
# --------
# In the pipeline numbers are scaled and words are not, so the network need not standardise. By
# default a direction of the path ends where the score does not improve. Here nine values are
# visited in any case, for the sake of the picture.


def make_model():
    """A pipeline for tables with words, numbers and missing values."""
    columns = make_column_transformer(
        (
            make_pipeline(StandardScaler(), SimpleImputer(add_indicator=True)),
            make_column_selector(dtype_include="number"),
        ),
        (
            OneHotEncoder(
                handle_unknown="infrequent_if_exist", min_frequency=10, sparse_output=False
            ),
            make_column_selector(dtype_exclude="number"),
        ),
    )
    return make_pipeline(
        columns, ShallowTanhClassifierCV(standardize=False, alphas=9, random_state=0)
    )


models = {
    name: make_model().fit(table.drop(columns="target"), table["target"])
    for name, table in tables.items()
}

# %%
# The scores are minus the log-loss of the rows that each fold holds out. The stack is a weighted
# sum of the networks' logits, with the weights that are best on these rows. It is one network, with
# 32 hidden units for each value of alpha that has a weight.

for name, pipeline in models.items():
    model = pipeline[-1]
    scores = model.scores_.mean(axis=1)
    print(f"{name}: score of the class shares {model.prior_score_:.4f}")
    print(f"  alpha = 1     {scores[model.alphas_ == 1].item():.4f}")
    print(f"  alpha = {model.alpha_:<5.3g} {scores.max():.4f}, the best single one")
    print(f"  the stack     {model.best_score_:.4f}, with {model.coefs_[0].shape[1]} hidden units")

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for axis, (name, pipeline) in zip(axes, models.items(), strict=True):
    AlphaPathDisplay.from_estimator(pipeline, negate_score=True, ax=axis)
    axis.set_title(name)

# %%
# For the couples' choice networks of small alpha fit the noise: at alpha = 1 the log-loss is worse
# than that of the class shares, and an alpha near 10 is best. On the penguins small values do no
# harm. A large alpha, whose own log-loss is poor, may still have the largest weight in the stack:
# its logits order the rows well but are too small, and a weight above 1 makes them larger.

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("path.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
