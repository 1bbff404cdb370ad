"""
Words that turn other words: sparse text
========================================

In a bag of words a linear model adds up what each word says. It cannot learn that "not" turns
the meaning of another word, whichever that is; a hidden layer can. The network takes the sparse
matrix of TF-IDF as it is.
"""

# %%
# A corpus
# --------
# Reviews of one sentence: some words about a thing, and a judgement that may be negated.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skshallow import ShallowTanhClassifier

things = ["phone", "camera", "book", "coat", "lamp", "radio", "chair", "soup", "hotel", "tent"]
fillers = "i bought this last week for my brother and we both think that it is really"
praise = ["good", "great", "lovely", "useful", "sturdy", "handy"]
blame = ["bad", "awful", "ugly", "useless", "flimsy", "clumsy"]
rng = np.random.default_rng(0)


def write_review():
    """Return a review and whether it is favourable."""
    words = [*rng.choice(fillers.split(), 6), rng.choice(things)]
    favourable, negated = rng.random(2) < [0.5, 0.3]
    judgement = rng.choice(praise if favourable != negated else blame)
    return " ".join([*words, *(["not"] if negated else []), judgement]), favourable


reviews, favourable = map(np.array, zip(*(write_review() for _ in range(3_000)), strict=True))
for review, good in zip(reviews[:4], favourable, strict=False):
    print("+" if good else "-", review)

# %%
# Two models of the same features
# -------------------------------
# `standardize=False`: TF-IDF has a scale that means something, and a rare word would be blown up.

texts, other_texts, y, other_y = train_test_split(reviews, favourable, random_state=0)
models = {
    "Logistic regression": make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)),
    "Eight tanh units": make_pipeline(
        TfidfVectorizer(), ShallowTanhClassifier(8, alpha=1.0, standardize=False, random_state=0)
    ),
}
for name, model in models.items():
    model.fit(texts, y)
    print(f"{name}: {model.score(other_texts, other_y):.1%} of {len(other_y)} other reviews right")
X = models["Eight tanh units"][0].transform(texts)
print(f"TF-IDF is {type(X).__name__} of shape {X.shape}, {X.nnz / np.prod(X.shape):.1%} not zero")

# %%
# What "not" does to a word
# -------------------------
# Each line joins the probability of a favourable review without and with "not".

sentence = "i think that this lamp is {}"
figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", sharey=True)
rows = np.arange(len(praise + blame))
for axis, (name, model) in zip(axes, models.items(), strict=True):
    plain, negated = (
        model.predict_proba([sentence.format(before + word) for word in praise + blame])[:, 1]
        for before in ("", "not ")
    )
    axis.hlines(rows, plain, negated, color="0.7", zorder=1)
    axis.scatter(plain, rows, s=60, label="the word alone")
    axis.scatter(negated, rows, s=60, marker="s", label='with "not" before it')
    axis.axvline(0.5, color="0.5", linestyle=":")
    axis.set(xlim=(-0.03, 1.03), xlabel="probability of a favourable review", title=name)
axes[0].set_yticks(rows, praise + blame)
axes[0].invert_yaxis()
axes[0].legend(loc="upper left")

# sphinx_gallery_start_ignore
# The gallery takes the picture by itself; run as a script, leave it in the current directory.
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

if "sphinx_gallery" not in sys.modules:
    picture = Path("text.png").resolve()
    figure.savefig(picture, dpi=110)
    print(f"The picture is in {picture}")
# sphinx_gallery_end_ignore
