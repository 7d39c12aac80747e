"""The sheet `ratings`: the long table, as an Excel Table."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook.write.content import Content
from workbook.write.display_labels import put_label, width_of
from workbook.write.styles import Styles, print_setup


def write_ratings(workbook: Workbook, styles: Styles, content: Content) -> None:
    """Add the sheet: user, item, title (where there are titles) and rating, a rating a row, and which are held out."""
    sheet, ratings = workbook.add_worksheet("ratings"), content.given
    columns = ["user", "item", *(["title"] if content.titled else []), "rating"]
    rating = len(columns) - 1
    columns += ["held out"] if len(content.held) else []
    sheet.add_table(0, 0, len(ratings), len(columns) - 1, {
        "name": "ratings_table", "style": "Table Style Light 9",
        "columns": [{"header": name, "header_format": styles.header_left} for name in columns]})
    labels = [content.users, content.item_ids, *([content.items] if content.titled else [])]
    triples = zip(ratings.user_index.tolist(), ratings.item_index.tolist(), ratings.values.tolist(), content.apart.tolist())
    for row, (user, item, value, apart) in enumerate(triples, 2):
        for col, (names, index) in enumerate(zip(labels, (user, item, item)), 1):
            put_label(sheet, row, col, names[index], styles.table_text)
        sheet.write_number(row - 1, rating, value, styles.table_number)
        if apart:
            sheet.write_string(row - 1, rating + 1, "yes", styles.table_text)
    for col, names in enumerate(labels):
        sheet.set_column(col, col, width_of(names, least=10, most=60), styles.text)
    sheet.set_column(rating, rating + 1, 10, styles.text)
    sheet.freeze_panes(1, 0)
    print_setup(sheet, landscape=False, repeat=(0, 0))
