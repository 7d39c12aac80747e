"""What people use today for this model, each behind the same three calls; no product code.

`prepare` puts ratings into the library's own form and is not timed, `fit` is, `predict` gives one
number for each pair. Where a library compiles on first use, its `fit` is called once before the clock
starts (`warm`). Rates and decays of what is called tuned were found by a small search on the data sets
shown here, which favours the peer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from solver import Ratings


@dataclass
class LibMF:
    """Parallel SGD on dot products, in C++ (Chin et al. 2015)."""

    k: int
    iterations: int
    threads: int = 1
    decay: float = 0.05
    rate: float = 0.1
    needs = {"libmf": "CXXFLAGS='-O3 -march=native -DUSEAVX' pip install --no-binary libmf libmf==0.9.2"}
    warm = False

    def prepare(self, train: Ratings) -> None:
        self.data = np.column_stack([train.user_index, train.item_index, train.values]).astype(np.float32)

    def fit(self) -> None:
        from libmf.mf import MF
        self.model = MF(k=self.k, nr_threads=self.threads, nr_iters=self.iterations, quiet=True, copy_data=False,
                        eta=self.rate, lambda_p2=self.decay, lambda_q2=self.decay, lambda_p1=0.0, lambda_q1=0.0)
        self.model.fit(self.data)

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return self.model.predict(np.asfortranarray(np.column_stack([users, items]), np.float32))  # it reads by column


@dataclass
class Surprise:
    """Biased SGD in Cython, as of the Netflix prize."""

    factors: int = 100
    epochs: int = 20
    rate: float = 0.005
    decay: float = 0.02
    needs = {"surprise": "pip install scikit-surprise"}
    warm = False

    def prepare(self, train: Ratings) -> None:
        import pandas as pd
        from surprise import Dataset, Reader
        frame = pd.DataFrame({"user": train.user_index, "item": train.item_index, "rating": train.values})
        scale = Reader(rating_scale=(float(train.values.min()), float(train.values.max())))
        self.data = Dataset.load_from_df(frame, scale).build_full_trainset()

    def fit(self) -> None:
        from surprise import SVD
        self.model = SVD(n_factors=self.factors, n_epochs=self.epochs, lr_all=self.rate, reg_all=self.decay,
                         random_state=0).fit(self.data)

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return np.array([self.model.predict(user, item).est for user, item in zip(users.tolist(), items.tolist())])


@dataclass
class Cornac:
    """Biased SGD in Cython, in several threads."""

    factors: int = 50
    epochs: int = 20
    rate: float = 0.01
    decay: float = 0.02
    threads: int = 2
    needs = {"cornac": "pip install cornac"}
    warm = False

    def prepare(self, train: Ratings) -> None:
        from cornac.data import Dataset
        self.train = train
        columns = zip(train.user_index.tolist(), train.item_index.tolist(), train.values.tolist())
        self.data = Dataset.from_uir(list(columns))

    def fit(self) -> None:
        from cornac.models import MF
        self.model = MF(k=self.factors, max_iter=self.epochs, learning_rate=self.rate, lambda_reg=self.decay,
                        num_threads=self.threads).fit(self.data)

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        def rows(of: dict, index: np.ndarray, factors: np.ndarray, biases: np.ndarray):
            at = np.array([of.get(label, len(of)) for label in index.tolist()])  # the unknown: a row of noughts
            return np.vstack([factors, 0 * factors[:1]])[at], np.append(biases, 0)[at]
        p, user_bias = rows(self.data.uid_map, users, self.model.u_factors, self.model.u_biases)
        q, item_bias = rows(self.data.iid_map, items, self.model.i_factors, self.model.i_biases)
        return self.model.global_mean + user_bias + item_bias + (p * q).sum(1)


@dataclass
class LensKit:
    """Biased alternating least squares, in torch."""

    factors: int = 50
    epochs: int = 10
    decay: float = 0.1
    needs = {"lenskit": "pip install --no-deps lenskit==2025.8.1"}
    warm = True

    def prepare(self, train: Ratings) -> None:
        import pandas as pd
        from lenskit.data import from_interactions_df
        self.mean = float(train.values.mean())
        self.data = from_interactions_df(pd.DataFrame(
            {"user_id": train.user_index, "item_id": train.item_index, "rating": train.values}))

    def fit(self) -> None:
        from lenskit.als import BiasedMFScorer
        self.model = BiasedMFScorer(embedding_size=self.factors, epochs=self.epochs, regularization=self.decay)
        self.model.train(self.data)

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        from lenskit.data import ItemList
        found, order = np.empty(len(users)), np.argsort(users, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(users[order])) + 1):
            found[rows] = self.model(int(users[rows[0]]), ItemList(item_ids=items[rows])).scores()
        return np.where(np.isnan(found), self.mean, found)  # it does not predict for items without a rating


@dataclass
class FastAI:
    """collab_learner as in the lesson: 50 factors, 5 epochs of one-cycle at 5e-3, weight decay 0.1."""

    batch_size: int = 64
    epochs: int = 5
    needs = {"fastai": "pip install fastai"}
    warm = False

    def prepare(self, train: Ratings) -> None:
        import pandas as pd
        import torch
        from fastai.collab import CollabDataLoaders
        torch.manual_seed(0)
        torch.set_num_threads(1)  # a second thread makes it slower at these batches
        frame = pd.DataFrame({"user": train.user_index, "item": train.item_index, "rating": train.values})
        # it wants ratings to validate on after every epoch: one, so that it costs nothing
        self.data = CollabDataLoaders.from_df(frame, bs=self.batch_size, valid_pct=1.5 / len(frame), seed=0,
                                              device=torch.device("cpu"), num_workers=0)

    def fit(self) -> None:
        from fastai.collab import collab_learner
        self.model = collab_learner(self.data, n_factors=50, y_range=(0, 5.5))
        with self.model.no_bar(), self.model.no_logging():
            self.model.fit_one_cycle(self.epochs, 5e-3, wd=0.1)

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        import torch
        index = [[self.data.classes[what].o2i.get(label, 0) for label in labels.tolist()]
                 for what, labels in (("user", users), ("item", items))]
        with torch.no_grad():
            return self.model.model.eval()(torch.tensor(index).T).numpy().ravel()


@dataclass
class PlainTorch:
    """The same model in a loop of plain torch: one-cycle AdamW, gradients of whole tables."""

    batch_size: int = 512
    epochs: int = 5
    rate: float = 5e-3
    needs = {"torch": "pip install torch"}
    warm = False

    def prepare(self, train: Ratings) -> None:
        import torch
        torch.manual_seed(0)
        torch.set_num_threads(1)  # a second thread makes it slower at these batches
        self.sizes = train.n_users, train.n_items
        self.data = (torch.as_tensor(train.user_index).long(), torch.as_tensor(train.item_index).long(),
                     torch.as_tensor(train.values).float())

    def fit(self) -> None:
        import torch
        tables = [torch.nn.Parameter(0.01 * torch.randn(n, size)) for n in self.sizes for size in (50, 1)]
        n = len(self.data[0])
        optimizer = torch.optim.AdamW(tables, lr=self.rate, betas=(0.9, 0.99), eps=1e-5, weight_decay=0.1, fused=True)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.rate, self.epochs * math.ceil(n / self.batch_size),
                                                    pct_start=0.25, final_div_factor=1e5)
        for _ in range(self.epochs):
            order = torch.randperm(n)
            users, items, values = (column[order] for column in self.data)
            for at in range(0, n, self.batch_size):
                part = slice(at, at + self.batch_size)
                loss = torch.nn.functional.mse_loss(_bounded(tables, users[part], items[part]), values[part])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                cycle.step()
        self.model = [table.detach() for table in tables]

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        import torch
        return _bounded(self.model, torch.as_tensor(users).long(), torch.as_tensor(items).long()).numpy()


def _bounded(tables, users, items):
    p, user_bias, q, item_bias = tables
    return 5.5 * ((p[users] * q[items]).sum(1) + user_bias[users, 0] + item_bias[items, 0]).sigmoid()
