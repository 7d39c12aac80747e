"""Collaborative filtering from scratch: the whole of it in numpy, without a library of ours.

A table of ratings with blanks, random factors, predictions, the error on the ratings that exist, its gradient by hand, and steps
downhill. At the end `collabsheet` takes the same steps, and finds the same numbers.
"""

import numpy as np
import torch

import collabsheet as cs

ratings, titles = cs.example()
ratings = ratings.top(users=15, items=15)
R = ratings.crosstab()                      # (15, 15): one row a user, one column a film, NaN where nobody rated
rated = ~np.isnan(R)
n = rated.sum()

random = np.random.default_rng(0)
P = random.uniform(0, 1, (15, 5))           # five factors for every user
Q = random.uniform(0, 1, (15, 5))           # and for every film
start = P.copy(), Q.copy()

lr, history = 2.0, []
for _ in range(1001):
    E = np.where(rated, P @ Q.T - R, 0)     # the error, where there is a rating
    history.append(np.sqrt((E ** 2).sum() / n))
    dP, dQ = 2 / n * E @ Q, 2 / n * E.T @ P  # the gradient of the mean squared error
    P, Q = P - lr * dP, Q - lr * dQ

for epoch in (0, 1, 10, 100, 1000):
    print(f"RMSE after {epoch:4d} epochs: {history[epoch]:.6f}")
print(f"user {ratings.users[0]} would give {titles[ratings.items[0]]} {(P @ Q.T)[0, 0]:.2f}")

# The same steps by the library
factors = cs.Factors(*(torch.from_numpy(table) for table in start))
result = cs.fit(ratings, factors, cs.Settings(model="dot", optimizer="sgd", lr=lr, epochs=1000))
print(f"the same by cs.fit:         {result.history[1000].rmse:.6f}")
