"""The sheet `ratings`: the long table, as an Excel Table."""

from __future__ import annotations

from .content import Content
from .labels import put_label, width_of
from .styles import Styles, print_setup


def write_ratings(book, styles: Styles, content: Content) -> None:
    """Add the sheet: user, item, title (where there are titles) and rating, a rating a row."""
    sheet, ratings = book.add_worksheet("ratings"), content.ratings
    columns = ["user", "item", *(["title"] if content.titled else []), "rating"]
    sheet.add_table(0, 0, len(ratings), len(columns) - 1, {
        "name": "ratings_table", "style": "Table Style Light 9",
        "columns": [{"header": name, "header_format": styles.header_left} for name in columns]})
    labels = [content.users, content.item_ids, *([content.items] if content.titled else [])]
    indices = zip(ratings.user_index.tolist(), ratings.item_index.tolist(), ratings.values.tolist())
    for row, (user, item, value) in enumerate(indices, 2):
        for col, (names, index) in enumerate(zip(labels, (user, item, item)), 1):
            put_label(sheet, row, col, names[index], styles.table_text)
        sheet.write_number(row - 1, len(columns) - 1, value, styles.table_number)
    for col, names in enumerate(labels):
        sheet.set_column(col, col, width_of(names, least=10, most=60), styles.text)
    sheet.set_column(len(labels), len(labels), 10, styles.text)
    sheet.freeze_panes(1, 0)
    print_setup(sheet, landscape=False, repeat=(0, 0))
