Option Explicit

' What the tab Collabsheet of the ribbon does: start Python, which works in the workbook in view. docs/add-ins.md says more.

Sub FitSheet(control As IRibbonControl)
    StartPython "fit"
End Sub

Sub StopFit(control As IRibbonControl)
    StartPython "stop"
End Sub

Sub RestoreSheet(control As IRibbonControl)
    StartPython "restore"
End Sub

Sub InspectSheet(control As IRibbonControl)
    StartPython "inspect"
End Sub

Private Sub StartPython(what As String)
    If ActiveWorkbook Is Nothing Then Exit Sub
    On Error GoTo Failed
    Application.StatusBar = "Starting Python. If nothing follows, run in a terminal: collabsheet doctor"
    RunFromExcel PythonPath(), " -P -m pyxl.press " & what & " --announce --from_xl=1 ", "--wb=" & ActiveWorkbook.Name, _
        "--sheet=" & ActiveWorkbook.ActiveSheet.Name
    Exit Sub
Failed:
    Application.StatusBar = False
    MsgBox "Python did not start (" & Err.Description & "). collabsheet addin xlam -o collabsheet.xlam, in a terminal, makes an add-in that " & _
        "knows where it is.", vbExclamation, "collabsheet"
End Sub
