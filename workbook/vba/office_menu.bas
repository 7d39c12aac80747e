Option Explicit

' What the menu and the toolbar of collabsheet do: start Python, which works in the workbook in view. docs/add-ins.md says more.

Sub FitSheet()
    StartPython "fit"
End Sub

Sub StopFit()
    StartPython "stop"
End Sub

Sub RestoreSheet()
    StartPython "restore"
End Sub

Sub InspectSheet()
    StartPython "inspect"
End Sub

' Starts Python and does not wait for it. What it is to do follows as arguments.
Private Sub StartPython(what As String)
    Dim view As Object, python As String, book As String
    view = ThisComponent.CurrentController
    python = PythonPath()
    On Error GoTo Failed
    If Dir(python) = "" Then Err.Raise 53
    book = ThisComponent.Title
    If ThisComponent.URL <> "" Then book = ConvertFromURL(ThisComponent.URL)
    view.StatusIndicator.start("Starting Python. If nothing follows, run in a terminal: collabsheet doctor", 0)
    Shell(InQuotes(python), 0, "-P -m pyxl.press " & what & " --announce " & InQuotes("--wb=" & book) & " " & _
        InQuotes("--sheet=" & view.ActiveSheet.Name))
    Exit Sub
Failed:
    view.StatusIndicator.end()
    MsgBox "Python did not start (" & Error & "). collabsheet addin install, in a terminal, tells this menu where it is.", 48, "collabsheet"
End Sub
