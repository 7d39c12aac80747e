"""Numbers only: ratings, factors, and the loop that fits them. Knows no cell."""

from .errors import UserError
from .factors import Factors, random_factors
from .fit import Epoch, FitResult, fit
from .model import MODELS, predict, predict_table
from .objective import rmse
from .optimizers import OPTIMIZERS
from .ratings import Ratings
from .settings import Settings

__all__ = ["MODELS", "OPTIMIZERS", "Epoch", "Factors", "FitResult", "Ratings", "Settings",
           "UserError", "fit", "predict", "predict_table", "random_factors", "rmse"]
