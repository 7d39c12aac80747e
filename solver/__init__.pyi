"""The public names of `solver`, each loaded when it is first used."""

from .collab.answers.recommend import Explanation as Explanation
from .collab.arrivals.newcomer import FoldedIn as FoldedIn
from .collab.collab_filter import CollabFilter as CollabFilter
from .collab.judged.learning_curve import LearningCurve as LearningCurve
from .collab.judged.learning_curve import learning_curve as learning_curve
from .collab.judged.search import (
    CrossValidation as CrossValidation,
)
from .collab.judged.search import (
    GridSearch as GridSearch,
)
from .collab.judged.search import (
    cross_validate as cross_validate,
)
from .collab.judged.search import (
    grid_search as grid_search,
)
from .core.loop import Epoch as Epoch
from .core.objective import rmse as rmse
from .core.optimizers import OPTIMIZERS as OPTIMIZERS
from .core.schedules import SCHEDULES as SCHEDULES
from .core.settings import Settings as Settings
from .data.ratings import Ratings as Ratings
from .data.splits import folds as folds
from .data.splits import hold_out as hold_out
from .data.splits import split_off as split_off
from .errors import NoSolution as NoSolution
from .errors import NotFittedError as NotFittedError
from .errors import UserError as UserError
from .fitting.effort import EFFORTS as EFFORTS
from .fitting.effort import recipe as recipe
from .fitting.fit_module import ModuleFit as ModuleFit
from .fitting.fit_ratings import fit as fit
from .fitting.fit_result import FitResult as FitResult
from .fitting.lr_find import RateTest as RateTest
from .fitting.lr_find import find_lr as find_lr
from .fitting.random_start import random_factors as random_factors
from .judging.metrics import (
    METRICS as METRICS,
)
from .judging.metrics import (
    auc as auc,
)
from .judging.metrics import (
    hit_rate as hit_rate,
)
from .judging.metrics import (
    mean_absolute_error as mean_absolute_error,
)
from .judging.metrics import (
    ndcg as ndcg,
)
from .judging.metrics import (
    root_mean_squared_error as root_mean_squared_error,
)
from .judging.ranking import Ranking as Ranking
from .judging.ranking import ranking as ranking
from .model.components import PrincipalComponents as PrincipalComponents
from .model.components import principal_components as principal_components
from .model.factors import Factors as Factors
from .model.models import MODELS as MODELS
from .model.models import predict as predict
from .model.models import predict_table as predict_table
from .model.net import NetFactors as NetFactors
from .model.posterior import (
    mean_prediction as mean_prediction,
)
from .model.posterior import (
    point_factors as point_factors,
)
from .model.posterior import (
    standard_deviation as standard_deviation,
)
from .programs.cell_limits import CellLimits as CellLimits
from .programs.cell_limits import limits_at as limits_at
from .programs.highs import LinearModel as LinearModel
from .programs.linear import nearest_point as nearest_point
from .programs.minimising import minimise as minimise
from .programs.minimum import Minimum as Minimum
from .programs.program import FEASIBLE as FEASIBLE
from .programs.program import GOALS as GOALS
from .programs.program import Program as Program
from .programs.trials import Step as Step
from .reading.genres import read_genres as read_genres
from .reading.readers import read_ratings as read_ratings
from .reading.titles import read_titles as read_titles
from .tracing.trace_rows import Trace as Trace
from .tracing.trace_rows import trace as trace
