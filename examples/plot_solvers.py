"""
Solvers compared
================

All solvers minimise the same function F from the same start. What differs is how much a step
costs and how far it leads: this example draws F against the iterations and against the time.
"""

# %%
# The data
# --------
# Five thousand rows of two classes, each in four clusters, with 2% of the labels flipped.

import contextlib
import io
import re
import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning

from skshallow import ShallowTanhClassifier

X, y = make_classification(
    5_000, 20, n_informative=10, n_clusters_per_class=4, flip_y=0.02, random_state=0
)

# %%
# Four fits
# ---------
# An iteration of Adam and of SGD is an epoch, which passes over the rows once, in minibatches.
# One of L-BFGS needs F and its gradient over all rows, and one of Newton the second derivatives
# too. Those solvers run until the gradient is at most `tol`; Adam and SGD spread their schedule
# over the epochs that they are given and then warn, which is silenced here.
#
# With `verbose=2` a fit prints a line for each iteration, with F and the seconds since the start.
# That is read back for the picture.

limits = {"lbfgs": 1000, "newton": 1000, "adam": 40, "sgd": 40}
courses = {}
for solver, max_iter in limits.items():
    model = ShallowTanhClassifier(
        8, solver=solver, max_iter=max_iter, tol=1e-5, random_state=0, verbose=2
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    lines = re.findall(
        r"iteration +(\d+) +F = +(\S+) +max\|gradient\| = +(\S+) +(\S+) s", printed.getvalue()
    )
    courses[solver] = [[float(number) for number in line] for line in lines]
    gradient = courses[solver][-1][2]
    print(
        f"{solver:7} {model.n_iter_:4} iterations, F = {model.loss_:.4f}, gradient {gradient:.0e}"
    )

# %%
# What they reach
# ---------------
# F has several local minima, and solvers may end in different ones. Against the passes
# Adam and SGD are ahead at first, since they take many steps in each, but they end with far
# larger gradients. Newton needs the fewest iterations to the smallest one, and each of them takes
# as long as many of L-BFGS, which is ahead against the time.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
names = {"lbfgs": "L-BFGS", "newton": "Newton", "adam": "Adam", "sgd": "SGD"}
styles = {"lbfgs": "-", "newton": "--", "adam": "-.", "sgd": ":"}
for solver, course in courses.items():
    iterations, values, _, seconds = zip(*course, strict=True)
    for axis, position in ((left, iterations), (right, seconds)):
        axis.plot(position, values, styles[solver], label=names[solver])
        axis.plot(position[-1], values[-1], "o", color=axis.lines[-1].get_color(), markersize=5)
left.set(
    xscale="log",
    xlabel="iterations, or epochs",
    ylabel="F, the training objective",
    title="F against the passes over the rows",
)
right.set(xscale="log", xlabel="seconds", title="F against the time")
left.legend(title="A dot is the end of the fit")

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("solvers.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
