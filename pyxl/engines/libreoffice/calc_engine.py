"""The xlwings engine `libreoffice`: a live Calc over UNO."""

from __future__ import annotations

import atexit
import os
from functools import cached_property

from xlwings import base_classes

from pyxl.hosts import live_values as values

from .calc_books import CalcBooks
from .find_office import OFFICE
from .office import Office, properties
from .office_pipe import own_pipe


class CalcEngine:
    """What xlwings registers. Its apps are the offices that this process started or attached to."""

    name, type = "libreoffice", "desktop"
    prepare_xl_data_element = staticmethod(values.prepared)
    clean_value_data = staticmethod(values.cleaned)

    def __init__(self):
        self.apps = CalcApps(self)


class CalcApps(base_classes.Apps):
    """The offices of this process that are there still, the active one first."""

    def __init__(self, engine: CalcEngine):
        self.engine = engine
        self._apps: list[CalcApp] = []

    def keys(self) -> list[int]:
        return [app.pid for app in self]

    def add(self, spec: str | None = None, add_book: bool | None = None, xl=None, visible: bool | None = None):
        """`spec` says where a running office listens (by default what COLLABSHEET_OFFICE says);
        else the user's own is used, or, not `visible`, one of our own is started. One that this process is attached to already stays the same app."""
        if spec is None and visible is not False:
            spec = os.environ.get(OFFICE)
        app = self._attached(spec or own_pipe()) if spec or visible is not False else None
        if app is None:
            app = CalcApp(self, Office(spec=spec, visible=visible is not False))
        else:
            self._apps.remove(app)
        self._apps.insert(0, app)
        if add_book:
            app.books.add()
        return app

    def _attached(self, spec: str) -> CalcApp | None:
        return next((app for app in self if app.office.spec == spec and not app.office.ours), None)

    def remove(self, app: CalcApp) -> None:
        if app in self._apps:
            self._apps.remove(app)

    @staticmethod
    def cleanup() -> None:
        """Nothing is left behind that would have to be cleaned up."""

    def __iter__(self):
        self._apps = [app for app in self._apps if app.office.answers()]
        return iter(list(self._apps))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __getitem__(self, pid: int) -> CalcApp:
        return next(app for app in self if app.pid == pid)


class CalcApp(base_classes.App):
    """One LibreOffice."""

    display_alerts = True  # a document opened over UNO asks nothing

    def __init__(self, apps: CalcApps, office: Office):
        self._apps, self.office = apps, office
        self._status: str | bool = False
        atexit.register(self.quit)

    @property
    def engine(self) -> CalcEngine:
        return self._apps.engine

    @property
    def api(self):
        return self.office.desktop

    @property
    def pid(self) -> int:
        return self.office.pid

    @property
    def version(self) -> str:
        product = self.office.service("com.sun.star.configuration.ConfigurationProvider").createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationAccess", properties(nodepath="/org.openoffice.Setup/Product"))
        return product.getByName("ooSetupVersion")

    @property
    def visible(self) -> bool:
        return not self.office.ours

    @visible.setter
    def visible(self, value: bool) -> None:
        pass  # an office is seen or not from its start

    @cached_property
    def books(self) -> CalcBooks:
        return CalcBooks(self)

    def activate(self, steal_focus: bool = False) -> None:
        self._apps.remove(self)
        self._apps._apps.insert(0, self)

    def quit(self) -> None:
        """End an office of our own, its books unsaved; let go of another."""
        self._apps.remove(self)
        if self.office.ours and self.office.answers():
            for book in list(self.books):
                book.close()
        self.office.close()
        atexit.unregister(self.quit)

    kill = quit

    def calculate(self) -> None:
        for book in self.books:
            book.document.calculateAll()  # what a file brought along as results is not believed

    @property
    def calculation(self) -> str:
        return "automatic" if all(book.document.isAutomaticCalculationEnabled() for book in self.books) else "manual"

    @calculation.setter
    def calculation(self, value: str) -> None:
        for book in self.books:
            book.document.enableAutomaticCalculation(value == "automatic")

    @property
    def status_bar(self) -> str | bool:
        return self._status

    @status_bar.setter
    def status_bar(self, value: str | bool) -> None:
        for book in self.books:
            indicator = book.document.CurrentController.StatusIndicator
            indicator.start(str(value), 0) if value else indicator.end()
        self._status = value or False
