"""The manifest of the task pane: by it Excel finds the pane, and the functions for cells, at a service of `collabsheet serve`."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from solver.errors import UserError
from solver.version import __version__

PANE_SERVICE = "https://localhost:8365/"     # where a service is unless somebody says otherwise
NAMESPACE = "CF"                        # before the functions' names: CF.PREDICT
_ICONS = (16, 32, 80)
_TAB, _WHAT = "collabsheet", "Fit the model, or the problem that Solver keeps, on the sheet in view"


def pane_manifest(address: str) -> str:
    """The manifest, XML, of the pane at the service of an address. Raises UserError for one that Excel does not take."""
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        raise UserError(f"'{address}' is no address that Excel takes: its task panes come by https alone. Start the service with --certificate and "
                        f"--key, and give its address, such as {PANE_SERVICE}.")
    root = f"https://{parts.netloc}/"
    icons = "".join(f'<bt:Image size="{size}" resid="Icon{size}"/>' for size in _ICONS)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OfficeApp xmlns="http://schemas.microsoft.com/office/appforoffice/1.1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:bt="http://schemas.microsoft.com/office/officeappbasictypes/1.0" xsi:type="TaskPaneApp">
  <Id>{uuid.uuid5(uuid.NAMESPACE_URL, root)}</Id>
  <Version>1.{__version__}</Version>
  <ProviderName>collabsheet</ProviderName>
  <DefaultLocale>en-US</DefaultLocale>
  <DisplayName DefaultValue="collabsheet"/>
  <Description DefaultValue="{_WHAT}; and functions for cells."/>
  {_at(root, "IconUrl", "pane/icon-32.png")}
  {_at(root, "HighResolutionIconUrl", "pane/icon-64.png")}
  {_at(root, "SupportUrl", "docs")}
  <Hosts><Host Name="Workbook"/></Hosts>
  <Requirements><Sets DefaultMinVersion="1.1"><Set Name="SharedRuntime" MinVersion="1.1"/></Sets></Requirements>
  <DefaultSettings>{_at(root, "SourceLocation", "pane/")}</DefaultSettings>
  <Permissions>ReadWriteDocument</Permissions>
  <VersionOverrides xmlns="http://schemas.microsoft.com/office/taskpaneappversionoverrides" xsi:type="VersionOverridesV1_0">
    <Hosts><Host xsi:type="Workbook">
      <Runtimes><Runtime resid="Pane" lifetime="long"/></Runtimes>
      <AllFormFactors><ExtensionPoint xsi:type="CustomFunctions">
        <Script><SourceLocation resid="Functions"/></Script>
        <Page><SourceLocation resid="Pane"/></Page>
        <Metadata><SourceLocation resid="Described"/></Metadata>
        <Namespace resid="Namespace"/>
      </ExtensionPoint></AllFormFactors>
      <DesktopFormFactor>
        <FunctionFile resid="Pane"/>
        <ExtensionPoint xsi:type="PrimaryCommandSurface"><OfficeTab id="TabHome"><Group id="Collabsheet.Group">
          <Label resid="Tab"/>
          <Icon>{icons}</Icon>
          <Control xsi:type="Button" id="Collabsheet.Show">
            <Label resid="Tab"/>
            <Supertip><Title resid="Tab"/><Description resid="What"/></Supertip>
            <Icon>{icons}</Icon>
            <Action xsi:type="ShowTaskpane"><TaskpaneId>Collabsheet.Pane</TaskpaneId><SourceLocation resid="Pane"/></Action>
          </Control>
        </Group></OfficeTab></ExtensionPoint>
      </DesktopFormFactor>
    </Host></Hosts>
    <Resources>
      <bt:Images>{"".join(_at(root, "bt:Image", f"pane/icon-{size}.png", f"Icon{size}") for size in _ICONS)}</bt:Images>
      <bt:Urls>{_at(root, "bt:Url", "pane/", "Pane")}{_at(root, "bt:Url", "pane/functions.js", "Functions")}{_at(root, "bt:Url", "pane/functions.json", "Described")}</bt:Urls>
      <bt:ShortStrings><bt:String id="Namespace" DefaultValue="{NAMESPACE}"/><bt:String id="Tab" DefaultValue="{_TAB}"/></bt:ShortStrings>
      <bt:LongStrings><bt:String id="What" DefaultValue="{_WHAT}"/></bt:LongStrings>
    </Resources>
  </VersionOverrides>
</OfficeApp>
"""


def _at(root: str, element: str, path: str, id: str | None = None) -> str:
    """An element whose value is an address below the service's."""
    return f"<{element}{f' id={quoteattr(id)}' if id else ''} DefaultValue={quoteattr(root + path)}/>"
