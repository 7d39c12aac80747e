"""scikit-learn works with CollabFilter, which works without scikit-learn."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from planted import planted

from solver import CollabFilter, UserError

sklearn = pytest.importorskip("sklearn")
QUICK = dict(n_factors=2, optimizer="adamw", epochs=2, batch_size=32)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    ratings = planted(20, 15)
    return pd.DataFrame({"user": ratings.user_index, "item": ratings.item_index, "rating": ratings.values})


def test_parameters_are_the_arguments_unchanged():
    given = {name: object() for name in inspect.signature(CollabFilter).parameters}
    model = CollabFilter(**given)
    assert model.get_params() == given
    assert model.set_params(n_factors=3, lr=0.5) is model and (model.n_factors, model.lr) == (3, 0.5)
    with pytest.raises(UserError, match="CollabFilter has no parameter 'cake'. Choose one of: batch_size, "):
        model.set_params(cake=1)


def test_its_repr_shows_what_was_changed():
    assert repr(CollabFilter()) == "CollabFilter()"
    assert repr(CollabFilter(7, effort="best", holdout=0.1)) == "CollabFilter(n_factors=7, effort='best', holdout=0.1)"
    assert eval(repr(CollabFilter(7, rating_range=(1, 5)))).rating_range == (1, 5)


def test_a_clone_is_equal_and_not_fitted(table):
    from sklearn.base import clone, is_classifier, is_regressor
    from sklearn.utils.validation import check_is_fitted
    model = CollabFilter(**QUICK, rating_range=(0, 9)).fit(table)
    copy = clone(model)
    assert copy.get_params() == model.get_params() and not hasattr(copy, "factors_")
    check_is_fitted(model)
    with pytest.raises(Exception, match="not fitted"):
        check_is_fitted(copy)
    assert is_regressor(model) and not is_classifier(model)


def test_a_grid_search_finds_the_better_setting(table):
    from sklearn.model_selection import GridSearchCV
    X, y = table[["user", "item"]], table.rating
    search = GridSearchCV(CollabFilter(**QUICK), {"lr": [1e-9, 0.05], "n_factors": [1, 2]}, cv=3)
    search.fit(X, y)
    assert search.best_params_["lr"] == 0.05 and search.best_score_ > search.cv_results_["mean_test_score"].min()
    assert search.best_score_ == search.cv_results_["mean_test_score"].max() < 0
    np.testing.assert_array_equal(search.predict(X), search.best_estimator_.predict(X))
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()


def test_cross_validation_scores_are_minus_rmse(table):
    from sklearn.model_selection import KFold, cross_val_score
    X, y, folds = table[["user", "item"]], table.rating, KFold(3, shuffle=True, random_state=0)
    scores = cross_val_score(CollabFilter(**QUICK), X, y, cv=folds)
    train, test = next(iter(folds.split(X)))
    model = CollabFilter(**QUICK).fit(X.iloc[train], y.iloc[train])
    assert scores[0] == -np.sqrt(np.mean((model.predict(X.iloc[test]) - y.iloc[test]) ** 2))
    named = cross_val_score(CollabFilter(**QUICK), X, y, cv=folds, scoring="neg_root_mean_squared_error")
    np.testing.assert_allclose(named, scores)
    assert (cross_val_score(CollabFilter(**QUICK), X.to_numpy(), y.to_numpy(), cv=folds) == scores).all()


def test_it_neither_needs_nor_loads_scikit_learn_or_other_heavy_packages():
    code = ("import sys; from solver import CollabFilter\n"
            "print(*({'sklearn', 'numba', 'matplotlib', 'scipy'} & set(sys.modules)))\n"
            "sys.modules['sklearn'] = None\n"
            "rows = [(0, 0, 1.0), (0, 1, 2.0), (1, 0, 3.0)]\n"
            "m = CollabFilter(2, optimizer='gibbs', epochs=2).fit(rows)\n"
            "print(m.score([(0, 0, 1.0)]) <= 0, m)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("\nTrue CollabFilter(n_factors=2")


NOT_APPLICABLE = {      # of scikit-learn's own checks: what they ask of columns of numbers, and these are ids
    "check_complex_data": "two columns of ids are asked for first", "check_fit2d_1feature": "two columns are needed, user and item",
    "check_estimators_empty_data_messages": "the sentence names users and items", "check_fit2d_1sample": "a rating alone is refused in our words",
    "check_fit2d_predict1d": "one column is no table, in our words",
    "check_estimator_sparse_tag": "a sparse matrix holds the ratings themselves, users × items", "check_estimator_sparse_array": "the same",
    "check_estimator_sparse_matrix": "the same", "check_estimators_pickle": "it puts NaN among the ids, which names nobody",
    "check_regressors_train": "its ids are different in every row, so that nothing can be learnt of any",
    "check_supervised_y_2d": "a column of ratings is taken without a warning",
    "check_regressor_data_not_an_array": "its two columns are numbers with fractions, and each is another user",
    "check_sample_weight_equivalence_on_dense_data": "it gives pairs twice, of which the last counts, and weights of 0, which are refused",
    "check_n_features_in": "it fits ratings that come without y", "check_n_features_in_after_fitting": "more columns than user and item do no harm",
}


def test_all_checks_of_scikit_learn_pass_that_are_not_about_columns_of_numbers():
    from sklearn.utils.estimator_checks import check_estimator
    found = check_estimator(CollabFilter(2, effort="quick", epochs=2), expected_failed_checks=NOT_APPLICABLE, on_fail=None, on_skip=None)
    assert [one["check_name"] for one in found if one["status"] == "failed"] == []
    passed = {one["check_name"] for one in found if one["status"] == "passed"}
    assert len(passed) >= 30 and "check_estimators_unfitted" in passed


def test_features_are_noted_and_a_notebook_sees_what_was_learnt(table):
    model = CollabFilter(**QUICK)
    assert "<pre>CollabFilter(" in model._repr_html_() and "<table>" not in model._repr_html_()
    model.fit(table[["user", "item"]], table.rating)
    assert model.n_features_in_ == 2 and model.feature_names_in_.tolist() == ["user", "item"]
    assert f"{len(table):,} ratings by 20 users of 15 items" in model._repr_html_()
