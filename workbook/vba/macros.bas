Option Explicit

' What the buttons of a collabsheet workbook do: start Python, which fits, or write into the cell
' that stops it. docs/macros.md of collabsheet says more.

Sub FitModel()
    Start "fit"
End Sub

Sub StopFit()
    Dim stopCell As Range
    On Error GoTo Failed
    If IsProtected() Then Exit Sub
    Set stopCell = AreaOf(ThisWorkbook.ActiveSheet, "stop")
    If Not stopCell Is Nothing Then stopCell.Value = "stop"
    Exit Sub
Failed:
    Say "The fit was not stopped (" & Err.Description & ")."
End Sub

Sub RestoreParameters()
    Start "restore"
End Sub

Sub RandomizeParameters()
    Start "randomize"
End Sub

Sub RefreshSheet()
    Start "refresh"
End Sub

Sub UpdateWorkbook()
    Start "update"
End Sub

Private Sub Start(what As String)
    Dim stopCell As Range
    On Error GoTo Refused
    If IsProtected() Then Exit Sub
    Set stopCell = AreaOf(ThisWorkbook.ActiveSheet, "stop")
    If Not stopCell Is Nothing Then stopCell.ClearContents
    Say "Starting Python. If nothing follows, run in a terminal: collabsheet doctor """ & ThisWorkbook.Name & """"
    On Error GoTo Failed
    StartPython what
    Exit Sub
Refused:
    Say "Nothing was started (" & Err.Description & ")."
    Exit Sub
Failed:
    Say "Python did not start (" & Err.Description & "). The cell named collabsheet_python, on sheet start, should hold the path " & _
        "of a Python that has collabsheet: type it there, or close the workbook and run collabsheet doctor BOOK --repair."
End Sub

' Starts Python and does not wait for it. What it is to do follows as arguments.
Private Sub StartPython(what As String)
    Dim python As String, book As String, sheet As String, module As String
    python = ThisWorkbook.Names("collabsheet_python").RefersToRange.Value
    module = " -P -m pyxl.press " & what & " --from_xl=1 "
    sheet = "--sheet=" & ThisWorkbook.ActiveSheet.Name
    book = "--wb=" & ThisWorkbook.Name
    ' LibreOffice: it may have two workbooks of one name open, and has no FullName
    If InStr(Application.OperatingSystem, "Unix") > 0 Then
        If Dir(python) = "" Then Err.Raise 53
        Shell InQuotes(python) & module & InQuotes("--wb=" & ThisWorkbook.Path & "/" & ThisWorkbook.Name) & " " & InQuotes(sheet), 0
        Exit Sub
    End If
    RunFromExcel python, module, book, sheet
End Sub

' Says so where the sheet in view is protected: nothing can be written there.
Private Function IsProtected() As Boolean
    IsProtected = ThisWorkbook.ActiveSheet.ProtectContents
    If IsProtected Then Say "This sheet is protected. Review > Unprotect Sheet (LibreOffice: Tools > Protect Sheet), and press again."
End Function

' In the status cell, or, where there is none or it takes no text, in the status bar.
Private Sub Say(text As String)
    Dim status As Range
    Application.StatusBar = text
    Set status = AreaOf(ThisWorkbook.ActiveSheet, "status")
    If status Is Nothing Then Exit Sub
    On Error GoTo InTheBar
    status.Value = text
    Application.StatusBar = False
InTheBar:
End Sub
