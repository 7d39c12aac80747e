"""Newcomers: many folded in at once, users by what they like, items and users without a rating by what else is known of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from trained_model import asked, run

from solver import CollabFilter, Ratings, UserError
from solver.collab.answers.recommend import members
from solver.collab.saved.storage import read_folder, write_folder
from solver.reading.member_columns import read_known_columns

RANDOM = np.random.default_rng(8)
GENRES = ("Action", "Drama", "Musical")
OF_FILM = RANDOM.integers(0, 3, 40)
OF_USER = RANDOM.integers(0, 3, 150)                # what each user likes most
AGED = 20 + 20 * OF_USER + RANDOM.integers(0, 5, 150)
TABLE = pd.DataFrame({"genre": [GENRES[n] for n in OF_FILM], "year": 1950 + np.arange(40)}, index=[f"f{n}" for n in range(40)])
PEOPLE = pd.DataFrame({"age": AGED, "town": np.where(OF_USER == 2, "Rome", "Oslo")}, index=[f"u{n}" for n in range(150)])


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    """Of users who rate their genre highly; nobody rated films 36 to 39, and users 140 to 149 rated nothing."""
    mask = RANDOM.random((150, 40)) < 0.4
    mask[:, 36:] = mask[140:] = False
    values = 3 + 1.5 * (OF_USER[:, None] == OF_FILM) + RANDOM.normal(0, 0.3, mask.shape)
    return Ratings.from_crosstab(np.where(mask, values, np.nan)[:140, :36], list(PEOPLE.index[:140]), list(TABLE.index[:36]))


@pytest.fixture(scope="module")
def model(ratings) -> CollabFilter:
    return CollabFilter(4, effort="quick").fit(ratings, item_columns=TABLE, user_columns=PEOPLE)


def test_who_has_no_rating_is_predicted_by_what_else_is_known(model, ratings, tmp_path, recwarn):
    assert model.items_[-4:] == ("f36", "f37", "f38", "f39") and model.users_[-1] == "u149"
    assert any("4 items without a rating are described by item_columns" in note for note in model.notes_)
    table = model.predict_crosstab().to_numpy()
    own = OF_USER[:, None] == OF_FILM
    assert table[:140, 36:][own[:140, 36:]].mean() > table[:140, 36:][~own[:140, 36:]].mean() + 0.25     # new films
    assert np.corrcoef(table[140:, :36].ravel(), own[140:, :36].ravel())[0, 1] > 0.4                  # new users
    assert not [one for one in recwarn if "No rating was learnt" in str(one.message)]
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(CollabFilter.load(tmp_path / "m").predict_crosstab(), table)
    plain = CollabFilter(4, effort="quick").fit(ratings, user_columns=PEOPLE)
    assert plain.item_columns_ == () and len(plain.users_) == 150


def test_a_new_user_is_recommended_what_they_like_without_a_rating(model):
    newcomer = model.fold_in_likes({"Musical": 5, "genre=Action": 1})
    best = newcomer.recommend(8).item
    assert np.mean([OF_FILM[int(item[1:])] == 2 for item in best]) >= 0.75
    with pytest.raises(UserError, match="There is no item column 'Horror'. Choose of: genre="):
        model.fold_in_likes({"Horror": 5})
    with pytest.raises(UserError, match="The rating of 'Musical' is 50, and the model knows ratings from"):
        model.fold_in_likes({"Musical": 50})
    with pytest.raises(UserError, match="nothing that the newcomer likes"):
        model.fold_in_likes({})


@pytest.mark.parametrize("options", [{"effort": "quick"}, {"model": "bounded"}, {"model": "dot", "optimizer": "als"}])
@pytest.mark.parametrize("side", ["user", "item"])
@pytest.mark.parametrize("decay", [None, 0.05])
def test_many_at_once_are_what_each_is_alone(ratings, options, side, decay):
    known = CollabFilter(3, **options).fit(ratings)
    frame = pd.DataFrame({"user": [ratings.users[n] for n in ratings.user_index], "item": [ratings.items[n] for n in ratings.item_index],
                          "rating": ratings.values})
    few = frame[frame[side].isin(list(frame[side].unique()[:7]))]
    other = "item" if side == "user" else "user"
    many = known.fold_in(few, side=side, weight_decay=decay)
    found = many.recommend(4)
    assert len(many) == 7 and list(found.columns) == [side, other, "prediction"]
    for label, own in few.groupby(side, sort=False):
        alone = known.fold_in(dict(zip(own[other], own.rating)), side=side, weight_decay=decay)
        np.testing.assert_allclose(many[label].predict(), alone.predict(), atol=1e-9)
        assert found[found[side] == label][other].tolist() == alone.recommend(4)[other].tolist()
    assert len(many.recommend(2, exclude_seen=False)) == 14
    with pytest.raises(UserError, match="There is no"):
        known.fold_in(few.assign(**{other: "nobody"}), side=side)
    with pytest.raises(UserError, match="the model knows ratings from"):
        known.fold_in(few.assign(rating=500.0), side=side)


def test_what_is_rated_at_all_counts_where_the_fit_learnt_from_sets(ratings, tmp_path):
    known = CollabFilter(3, effort="best", epochs=4).fit(ratings)
    table = ratings.crosstab()
    for side, rated in (("user", ~np.isnan(table)), ("item", ~np.isnan(table).T)):
        # the regression of the rows on their sets, with full tables
        columns = np.column_stack([np.ones(len(rated)), rated / np.sqrt(rated.sum(1, keepdims=True))])
        rows = members(known.factors_, side)
        penalty = np.diag([2.0, *[10.0] * rated.shape[1]])
        moves = np.linalg.solve(columns.T @ columns + penalty, columns.T @ (rows - rows.mean(0)))
        seen = known._seen_from(side)
        few = np.array([5, 1, 8])
        wanted = rows.mean(0) + 3 / (3 + 10) * (moves[0] + moves[1 + few].sum(0) / np.sqrt(3))
        np.testing.assert_allclose(seen.expected(few), wanted, atol=1e-9)
        np.testing.assert_array_equal(seen.expected(few[:0]), seen.mean)
        others = ratings.items if side == "user" else ratings.users
        alone = known.fold_in({others[n]: 4.0 for n in few}, side=side)
        many = known.fold_in(pd.DataFrame({side: "new", "item" if side == "user" else "user": [others[n] for n in few], "rating": 4.0}), side=side)
        np.testing.assert_allclose(many["new"].predict(), alone.predict(), atol=1e-9)
    known.save(tmp_path / "m")
    np.testing.assert_array_equal(CollabFilter.load(tmp_path / "m").fold_in({"f3": 4.0}).factors, known.fold_in({"f3": 4.0}).factors)
    arrays, document = read_folder(tmp_path / "m")
    write_folder(tmp_path / "older", {name: array for name, array in arrays.items() if not name.startswith("sets.")}, document)
    older = CollabFilter.load(tmp_path / "older")
    assert older.set_vectors_ == {} and older._seen_from("user").sets is None
    for name, wrong in {"sets.user.members": arrays["sets.user.members"] + 1, "sets.item.always": np.zeros(2), "sets.user.vectors": None}.items():
        write_folder(tmp_path / name, {key: array for key, array in {**arrays, name: wrong}.items() if array is not None}, document)
        with pytest.raises(UserError, match="is damaged: "):
            CollabFilter.load(tmp_path / name)


def test_ids_that_no_file_keeps_are_told_before_training(ratings):
    odd = Ratings(tuple((user,) for user in ratings.users), ratings.items, ratings.user_index, ratings.item_index, ratings.values)
    with pytest.warns(UserWarning, match="is of type tuple, which a saved model cannot keep"):
        CollabFilter(2, effort="quick").fit(odd)


# Tables of columns, and the commands

@pytest.fixture
def files(tmp_path, ratings, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{ratings.users[u]},{ratings.items[i]},{v:.2f}" for u, i, v in zip(ratings.user_index, ratings.item_index, ratings.values)]
    (tmp_path / "r.csv").write_text("user,item,rating\n" + "\n".join(rows) + "\n")
    TABLE.assign(title=[f"The film {n}" for n in range(40)]).to_csv(tmp_path / "items.csv", index_label="item")
    PEOPLE.to_csv(tmp_path / "people.csv", index_label="user")
    (tmp_path / "new.csv").write_text("user,item,rating\n" + "".join(f"n{n},f{i},{1 + (OF_FILM[i] == n) * 3.4}\n" for n in range(3) for i in range(9)))
    return tmp_path


def test_numbers_and_categories_are_read_and_titles_left_out(files):
    table, notes = read_known_columns(files / "items.csv", side="item", labels=("f0", "f1"))
    assert list(table.columns) == ["genre", "year"] and len(table) == 40 and table.loc["f3", "year"] == 1953
    assert notes[0] == "items.csv describes 40 items by genre, year." and "'title' left out" in notes[1]
    (files / "u.dat").write_text("1::F::18\n2::M::\n3::F::50\n")
    people, notes = read_known_columns(files / "u.dat", side="user", labels=(1, 2))
    assert people.index.tolist() == [1, 2, 3] and people["column 3"].tolist() == [18, 34, 50] and people["column 2"].tolist() == ["F", "M", "F"]
    for content, sentence in (("item\na\nb\n", "has one column"), ("item,g\na,x\na,y\n", "u.dat, line 3 describes the item a again"),
                              ("item,t\na,x\nb,y\nc,z\nd,w\n", "no column of numbers or categories")):
        (files / "u.dat").write_text(content)
        with pytest.raises(UserError, match=sentence):
            read_known_columns(files / "u.dat", side="item", labels=("a",))


def test_the_commands_for_newcomers(files, capsys):
    said = asked(capsys, "train", "r.csv", "-o", "m", "--factors", 4, "--effort", "quick", "--item-columns", "items.csv", "--user-columns", "people.csv")
    assert any("describes 40 items" in note for note in said["notes"])
    liked = asked(capsys, "recommend", "m", "--new-user", "--likes", "Musical=5,Drama=1", "-n", 5, "-o", "liked.csv")
    assert liked["likes"] == {"Musical": 5, "Drama": 1} and len(pd.read_csv("liked.csv")) == 5
    many = asked(capsys, "fold-in", "m", "new.csv", "-n", 4, "-o", "many.parquet")
    found = pd.read_parquet("many.parquet")
    assert (many["users"], many["recommendations"]) == (3, 12) and found.user.unique().tolist() == ["n0", "n1", "n2"]
    assert np.mean([OF_FILM[int(item[1:])] == int(user[1:]) for user, item in zip(found.user, found.item)]) > 0.6
    code, _, err = run(capsys, "recommend", "m", "--user", "nobody")
    assert code == 2 and "fold-in recommends from a few ratings, and --new-user --likes from what they like." in err
    (files / "none.csv").write_text("item,rating\n")
    code, _, err = run(capsys, "fold-in", "m", "none.csv")
    assert code == 2 and "Without any, a model that learnt with genres or other columns answers by recommend --new-user --likes." in err
    code, _, err = run(capsys, "recommend", "m", "--new-user")
    assert code == 2 and "--new-user and --likes belong together" in err
    code, _, err = run(capsys, "recommend", "m", "--new-user", "--likes", "Musical")
    assert code == 2 and "--likes has 'Musical'. Give a name and a rating, such as Action=5" in err
    code, _, err = run(capsys, "train", "r.csv", "-o", "n", "--genres", "items.csv", "--item-columns", "items.csv")
    assert code == 2 and "say the same of items" in err
