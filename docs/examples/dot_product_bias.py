"""The lesson's own module, `DotProductBias`, written by hand with nn.Parameter, and fitted by `collabsheet.fit`.

`fit` takes any torch module that gives a number for each pair of user and item: as two tensors, or, like here, as one tensor with
two columns. It fits a copy; the best one met is in the result.
"""

import torch
from torch import nn

import collabsheet as cs


def create_params(*size):
    return nn.Parameter(torch.zeros(*size).normal_(0, 0.01))


class DotProductBias(nn.Module):
    def __init__(self, n_users, n_items, n_factors, y_range=(0, 5.5)):
        super().__init__()
        self.user_factors, self.user_bias = create_params(n_users, n_factors), create_params(n_users)
        self.item_factors, self.item_bias = create_params(n_items, n_factors), create_params(n_items)
        self.y_range = y_range

    def forward(self, x):
        users, items = x[:, 0], x[:, 1]
        products = (self.user_factors[users] * self.item_factors[items]).sum(dim=1)
        low, high = self.y_range
        return low + (high - low) * torch.sigmoid(products + self.user_bias[users] + self.item_bias[items])


ratings, titles = cs.example()
train, held_out = cs.split_off(ratings, 0.2, seed=0)

torch.manual_seed(0)
model = DotProductBias(ratings.n_users, ratings.n_items, n_factors=5)
settings = cs.Settings(optimizer="adamw", lr=0.05, weight_decay=0.1, batch_size=64, epochs=20, schedule="one-cycle")
result = cs.fit(train, model, settings, holdout=held_out)

for epoch in result.history[::4]:
    print(f"epoch {epoch.epoch:2d}  RMSE {epoch.rmse:.4f}, held out {epoch.holdout_rmse:.4f}")
print(f"best: {result.holdout_rmse:.4f} held out")
best = result.module.item_bias.argsort(descending=True)[:3]
print("liked whoever watches:", ", ".join(titles[ratings.items[item]] for item in best.tolist()))
