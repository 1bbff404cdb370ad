"""
Early stopping with a validation curve
======================================

A network with a weak penalty goes on learning after it has learnt what helps: F on the training
rows keeps falling while the loss on others rises. Early stopping watches held-out rows and keeps
the iterate that was best on them.
"""

# %%
# The data
# --------
# Few rows, many features, and one label in ten flipped: easy to learn by heart.

import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split

from skshallow import ShallowTanhClassifier
from skshallow.inspection import LossCurveDisplay

X, y = make_classification(6_000, 20, n_informative=10, flip_y=0.1, random_state=2)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=600, random_state=0)

# %%
# The whole course, and where early stopping ends it
# --------------------------------------------------
# With a patience longer than the fit, `n_iter_no_change=1000`, the validation score is recorded to
# the end. With the default patience of 10 the fit ends ten iterations after its best.

parameters = {"alpha": 0.01, "early_stopping": True, "validation_fraction": 0.25}
whole = ShallowTanhClassifier(**parameters, n_iter_no_change=1000, random_state=0)
stopped = ShallowTanhClassifier(**parameters, random_state=0)

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
titles = ("To the end", "Stopped")
for axis, model, title in zip(axes, (whole, stopped), titles, strict=True):
    model.fit(X_train, y_train)
    display = LossCurveDisplay.from_estimator(model, ax=axis, negate_score=True)
    axis.set_title(f"{title}: {model.n_iter_} iterations")

# %%
# What it is worth
# ----------------
# The log-loss on rows that no fit has seen. A stronger penalty, chosen by cross-validation, is the
# other way out: it takes more fits, but holds no rows back from the last one.

to_the_end = ShallowTanhClassifier(alpha=0.01, random_state=0)
search = GridSearchCV(to_the_end, {"alpha": [0.01, 0.1, 1, 10, 100]}, scoring="neg_log_loss")
for name, model in {
    "alpha = 0.01, to the end": to_the_end.fit(X_train, y_train),
    "alpha = 0.01, early stopping": stopped,
    "alpha by cross-validation": search.fit(X_train, y_train),
}.items():
    print(f"{name:29} log-loss {log_loss(y_test, model.predict_proba(X_test)):.3f}")
print(f"Cross-validation chose {search.best_params_}")

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("early_stopping.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
