"""All looks in one place: Excel's Input and Calculation manners, headers, notes, colour scales."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter import Workbook
from xlsxwriter.format import Format

_FONT = {"font_name": "Calibri", "font_size": 10, "valign": "vcenter"}
_INK, _MUTED, _LINK, _HEAD = "#262626", "#6B6B6B", "#1F5FA8", "#DDE6F0"
_INPUT = {"bg_color": "#FFEAD2", "font_color": "#3F3F76", "border": 1, "border_color": "#E3B98A"}
_CALCULATION = {"bg_color": "#F2F2F2", "font_color": "#B25400", "bold": True, "border": 1,
                "border_color": "#7F7F7F"}
_CELL = {"border": 1, "border_color": "#D0D0D0"}
_GREY = "#9A9A9A"
_OPTION = {"bg_color": "#FFFBD6", "border": 1, "border_color": "#B2A968"}
CHART_LINE, HELD_LINE, CHART_GRID = _LINK, "#E07B39", "#E3E3E3"
CHART_FONT = {"name": "Calibri", "size": 9, "color": _MUTED, "bold": False}
_LOW, _MIDDLE, _HIGH = "#FFFFFF", "#CFE8D5", "#63BE7B"


@dataclass(frozen=True)
class Styles:
    """One XlsxWriter format for each purpose; a workbook has one `Styles`."""

    title: Format
    heading: Format
    text: Format
    beside: Format          # text or a note beside a cell
    note: Format
    note_beside: Format
    code: Format
    link: Format
    header: Format          # of a column
    header_left: Format
    header_up: Format       # of a column, turned: a long title
    user: Format            # at the left of a row
    corner: Format
    corner_left: Format
    label: Format           # beside a value
    blank: Format           # nobody rated
    held: Format            # rated, but held out
    unrated_here: Format    # conditional: a rating that nobody gave
    held_here: Format       # conditional: a rating held out
    rating: Format
    typed: Format           # a rating where it is typed
    factor: Format          # Input: what a fit writes
    option: Format          # what the user sets
    choice: Format          # what the user asks for
    choice_text: Format
    day_asked: Format       # a date, where it is typed
    day_known: Format
    prediction: Format      # a formula on the colour scale
    filled: Format
    lookup: Format          # a formula, unobtrusive
    lookup_whole: Format
    calculated: Format      # Calculation: RMSE
    strip: Format           # the errors of a model, in a line
    status: Format          # what a live fit says
    status_above: Format
    epoch: Format           # history of a fit
    error: Format
    norm: Format            # of a gradient: any magnitude
    moment: Format          # a line of the run log: when
    precise: Format
    plain: Format           # a number as it is
    clipped: Format         # a text too long to be read
    result: Format          # last fit
    result_whole: Format
    result_text: Format
    result_lines: Format    # a sentence or two
    table_text: Format      # the Table's own stripes show through
    table_number: Format
    name: Format            # of a user or an item, in a row of its own
    listed: Format          # the same where rows are of one height: a long one is drawn smaller
    whole: Format           # a count
    ranked: Format          # a number in a ranking
    share: Format           # a percentage
    likeness: Format        # a cosine, small
    share_head: Format      # a percentage in a header
    calc_head: Format       # over helper calculations, grey
    calc: Format
    calc_whole: Format
    calc_label: Format      # of a user or an item among them
    observed: Format        # legend: words in the looks of the filled table
    guessed: Format
    key_predicted: Format
    factor_plain: Format    # Input that goes on from epoch to epoch: as it is, and a count
    factor_whole: Format
    factor_square: Format
    table_plain: Format     # a number of any magnitude, in a table
    step_number: Format     # of gradient descent, a row at a time: a parameter or a prediction
    step_whole: Format
    step_slope: Format      # a derivative, or a mean of them
    step_square: Format     # a sum of squares: any magnitude
    waiting: Format         # conditional: rows that a step has not reached
    in_hand: Format         # conditional: the row in hand
    unseen: Format          # conditional: a helper cell without a value
    unrated: Format         # conditional: the lesson's 0 where nobody rated
    predicted: Format       # conditional: predicted cells of the filled table


def make_styles(workbook: Workbook) -> Styles:
    """Add our formats to an XlsxWriter workbook."""
    def style(*parts: dict, **own) -> Format:
        merged = dict(_FONT, font_color=_INK)
        for part in (*parts, own):
            merged.update(part)
        return workbook.add_format(merged)

    head = {"bold": True, "valign": "bottom", "bg_color": _HEAD, "bottom": 1, "bottom_color": "#7F93A8"}
    center = {"align": "center"}
    predicted = {"italic": True, "font_color": "#1A3FC4"}
    return Styles(
        title=style(bold=True, font_size=16, valign="top"),
        heading=style(bold=True, font_size=12, font_color=_LINK, bottom=1, bottom_color=_LINK, valign="bottom"),
        text=style(),
        beside=style(indent=1),
        note=style(font_color=_MUTED, italic=True),
        note_beside=style(font_color=_MUTED, italic=True, indent=1),
        code=style(font_name="Consolas", bg_color="#F2F2F2", indent=1),
        link=style(font_color=_LINK, underline=1),
        header=style(head, center),
        header_left=style(head),
        header_up=style(head, center, rotation=90, text_wrap=True),
        user=style(bold=True, align="right", shrink=True, right=1, right_color="#7F93A8", bg_color=_HEAD),
        corner=style(font_color=_MUTED, align="right", valign="bottom", font_size=9),
        corner_left=style(font_color=_MUTED, valign="bottom", font_size=9),
        label=style(bold=True, align="right", indent=1),
        blank=style(_CELL, bg_color="#EDEDED"),
        held=style(_CELL, pattern=14, fg_color="#7FA8D6", bg_color="#E4EEF9"),
        unrated_here=workbook.add_format({"bg_color": "#EDEDED"}),
        held_here=workbook.add_format({"bg_color": "#BFD4EE", "font_color": _LINK}),
        rating=style(_CELL, center, num_format="0.0##"),
        typed=style(_OPTION, center, num_format="0.0##"),
        factor=style(_INPUT, center, num_format="0.00"),
        option=style(_OPTION, center),
        choice=style(_OPTION, align="left", indent=1),
        choice_text=style(_OPTION, align="left", indent=1, num_format="@"),
        day_asked=style(_OPTION, center, num_format="yyyy-mm-dd"),
        day_known=style(_CELL, center, num_format="yyyy-mm-dd"),
        prediction=style(_CELL, center, num_format="0.00"),
        filled=style(_CELL, center, num_format="0.0"),
        lookup=style(_CELL, center, num_format="0.00", bg_color="#F7F7F7"),
        lookup_whole=style(_CELL, center, num_format="0", bg_color="#F7F7F7"),
        calculated=style(_CALCULATION, center, num_format="0.0000"),
        strip=style(bold=True, font_color="#B25400"),
        status=style(font_color=_LINK, indent=1),
        status_above=style(font_color=_LINK),
        epoch=style(center, num_format="#,##0"),
        error=style(center, num_format="0.0000"),
        norm=style(center, num_format="0.0E+00"),
        moment=style(align="left", num_format="yyyy-mm-dd hh:mm:ss"),
        precise=style(center, num_format="0.000000"),
        plain=style(center),
        clipped=style(font_color=_MUTED, align="fill"),
        result=style(_CELL, center, num_format="0.0000"),
        result_whole=style(_CELL, center, num_format="#,##0"),
        result_text=style(_CELL, align="left", shrink=True),
        result_lines=style(_CELL, align="left", text_wrap=True),
        table_text=style(align="left", shrink=True),
        table_number=style(center, num_format="0.0##"),
        name=style(_CELL, indent=1, text_wrap=True),
        listed=style(_CELL, indent=1, shrink=True),
        whole=style(_CELL, center, num_format="#,##0"),
        ranked=style(_CELL, center, num_format="0.00"),
        share=style(_CELL, center, num_format="0%"),
        likeness=style(_CELL, center, num_format="0.00", font_color=_MUTED, font_size=8),
        share_head=style(head, center, num_format="0%"),
        calc_head=style(font_color=_GREY, italic=True, font_size=8),
        calc=style(font_color=_GREY, font_size=8, num_format="0.000"),
        calc_whole=style(font_color=_GREY, font_size=8, num_format="0"),
        calc_label=style(font_color=_GREY, font_size=8),
        observed=workbook.add_format({"bold": True, "font_color": "#000000"}),
        guessed=workbook.add_format(predicted),
        key_predicted=style(_CELL, center, predicted, bg_color=_MIDDLE, num_format="0.0"),
        factor_plain=style(_INPUT, center),
        factor_whole=style(_INPUT, center, num_format="0"),
        factor_square=style(_INPUT, center, num_format="0.000E+00"),
        table_plain=style(_CELL, center),
        step_number=style(_CELL, center, num_format="0.0000"),
        step_whole=style(_CELL, center, num_format="0"),
        step_slope=style(_CELL, center, num_format="#,##0.00"),
        step_square=style(_CELL, center, num_format="0.000E+00"),
        waiting=workbook.add_format({"font_color": "#C4C4C4"}),
        in_hand=workbook.add_format({"bg_color": "#FFF2A8", "bold": True}),
        unseen=workbook.add_format({"font_color": "#FFFFFF"}),
        unrated=workbook.add_format({"font_color": "#BFBFBF"}),
        predicted=workbook.add_format(predicted),
    )


BARS = {"type": "data_bar", "bar_solid": True, "bar_color": "#A9CDB3", "bar_negative_color": "#E3B98A",
        "bar_axis_color": "#FFFFFF"}      # an axis in ink would strike through the numbers


def colour_scale(low: float, middle: float, high: float) -> dict:
    """White for the lowest rating to green for the highest: a masked 0 stays white."""
    return {"type": "3_color_scale", "min_type": "num", "mid_type": "num", "max_type": "num",
            "min_value": low, "mid_value": middle, "max_value": high,
            "min_color": _LOW, "mid_color": _MIDDLE, "max_color": _HIGH}


def around_zero() -> dict:
    """Blue for the lowest number below 0, white for 0, orange for the highest above it."""
    return {"type": "3_color_scale", "min_type": "min", "mid_type": "num", "mid_value": 0, "max_type": "max",
            "min_color": "#8DB4E2", "mid_color": "#FFFFFF", "max_color": "#F4A869"}


def depths() -> dict:
    """Blue for the lowest number, white for the middle one, orange for the highest."""
    return {"type": "3_color_scale", "min_type": "min", "mid_type": "percentile", "mid_value": 50, "max_type": "max",
            "min_color": "#8DB4E2", "mid_color": "#FFFFFF", "max_color": "#F4A869"}


def depths_of_blue() -> dict:
    """White for 0, the bluer the larger."""
    return {"type": "2_color_scale", "min_type": "num", "min_value": 0, "max_type": "max", "min_color": "#FFFFFF", "max_color": "#8DB4E2"}


def fold_helpers(sheet, first: int, last: int, width: float, style: Format) -> None:
    """Group the columns of helper calculations, counted from 1, and fold them away: the + above the next column shows them."""
    sheet.set_column(first - 1, last - 1, width, style, {"level": 1, "hidden": True})
    sheet.set_column(last, last, 3, None, {"collapsed": True})


def print_setup(sheet, *, landscape: bool = True, one_page: bool = False,
                repeat: tuple[int, int] | None = None) -> None:
    """A4, one page wide (and, where asked, one page high), sheet name and page number on the paper."""
    if landscape:
        sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(0.4, 0.4, 0.6, 0.5)
    sheet.fit_to_pages(1, 1 if one_page else 0)
    sheet.set_header("&L&9&A&R&9&F")
    sheet.set_footer("&R&9&P / &N")
    if repeat and not one_page:
        sheet.repeat_rows(*repeat)
    sheet.hide_gridlines(2)
