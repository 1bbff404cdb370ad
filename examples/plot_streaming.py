"""
Learning from a stream
======================

`partial_fit` learns from one batch of rows after another, none of which has to be kept. The
features come in their own units, which nobody knows in advance: the network standardises them by
the means and deviations of all that it has seen.
"""

# %%
# A stream
# --------
# Batches of 200 rows, whose features have scales from thousandths to thousands.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier

X, y = make_classification(
    30_000, 20, n_informative=10, n_clusters_per_class=4, flip_y=0.02, random_state=0
)
X = X * np.logspace(-3, 3, 20) + np.logspace(3, -3, 20)
X, X_test, y, y_test = train_test_split(X, y, test_size=5_000, random_state=0)
batch_size = 200

# %%
# Two learners
# ------------
# Beside the network a linear model, which needs a scaler that learns with it. After each batch the
# log-loss on rows outside of the stream is noted.

network = ShallowTanhClassifier(solver="adam", random_state=0)
scaler, linear = (
    StandardScaler(),
    SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.005, random_state=0),
)
seen, losses = [], {"Network": [], "Linear": []}
for start in range(0, len(X), batch_size):
    batch, labels = X[start : start + batch_size], y[start : start + batch_size]
    network.partial_fit(batch, labels, classes=[0, 1])
    scaled = scaler.partial_fit(batch).transform(batch)
    linear.partial_fit(scaled, labels, classes=[0, 1])
    seen.append(start + len(batch))
    losses["Network"].append(log_loss(y_test, network.predict_proba(X_test)))
    losses["Linear"].append(log_loss(y_test, linear.predict_proba(scaler.transform(X_test))))

# %%
# Against all rows at once
# ------------------------
# `fit` may pass over the rows as often as it likes, and comes further.

whole = ShallowTanhClassifier(max_iter=300, tol=1e-3, random_state=0).fit(X, y)
loss = log_loss(y_test, whole.predict_proba(X_test))
print(f"Log-loss {losses['Linear'][-1]:.3f} linear, {losses['Network'][-1]:.3f} network", end=", ")
print(f"each after one pass; {loss:.3f} by fit, {whole.n_iter_} iterations")

figure, axis = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
for (name, values), style in zip(losses.items(), ("-", "--"), strict=True):
    axis.plot(seen, values, style, label=f"{name}, partial_fit")
axis.axhline(loss, color="black", linestyle=":", label="Network, fit to all rows")
axis.set(
    ylim=(0, 0.9), xlabel="rows seen", ylabel="log-loss on 5,000 other rows",
    title="One pass over a stream",
)  # fmt: skip
axis.legend()

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("streaming.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
