"""The public names of collabsheet, each loaded when it is first used."""

from pyxl.fit.inspect_sheet import inspect_workbook as inspect_workbook
from pyxl.fit.press_fit import fit_workbook as fit_workbook
from pyxl.fit.restore import restore_workbook as restore_workbook
from pyxl.serve.client import connect as connect
from pyxl.training.run_epochs import run_training as run_training
from solver.collab.collab_filter import CollabFilter as CollabFilter
from solver.collab.judged.learning_curve import learning_curve as learning_curve
from solver.collab.judged.search import cross_validate as cross_validate
from solver.collab.judged.search import grid_search as grid_search
from solver.core.optimizers import OPTIMIZERS as OPTIMIZERS
from solver.core.schedules import SCHEDULES as SCHEDULES
from solver.core.settings import OPTIONS as OPTIONS
from solver.core.settings import Settings as Settings
from solver.data.ratings import Ratings as Ratings
from solver.data.splits import split_off as split_off
from solver.errors import NotFittedError as NotFittedError
from solver.errors import UserError as UserError
from solver.fitting.fit_module import ModuleFit as ModuleFit
from solver.fitting.fit_ratings import fit as fit
from solver.fitting.fit_result import FitResult as FitResult
from solver.fitting.lr_find import find_lr as find_lr
from solver.judging.metrics import METRICS as METRICS
from solver.model.factors import Factors as Factors
from solver.model.models import MODELS as MODELS
from solver.model.models import predict as predict
from solver.model.models import predict_table as predict_table
from solver.programs.minimising import Minimum as Minimum
from solver.programs.minimising import minimise as minimise
from solver.programs.program import Program as Program
from solver.reading.genres import read_genres as read_genres
from solver.reading.readers import read_ratings as read_ratings
from solver.reading.titles import read_titles as read_titles
from solver.tracing.trace_rows import trace as trace
from workbook.builder import build as build
from workbook.data import example as example
from workbook.optimizers.optimizer_book import build_optimizers as build_optimizers
from workbook.update import update_workbook as update_workbook

__version__: str
