' In Excel: starts Python and does not wait for it; its words, the book and the sheet are what it is to do.
' (LibreOffice takes the #If below for comments, and does not come here.)
Private Sub RunFromExcel(python As String, words As String, book As String, sheet As String)
#If Mac Then
    Dim answer As String
    answer = AppleScriptTask("collabsheet.applescript", "StartCollabsheet", _
        ForShell(python) & words & ForShell(book) & " " & ForShell(sheet))
#Else
    Dim console As Object
    Set console = CreateObject("WScript.Shell")
    console.Run Through(console, "COLLABSHEET_PYTHON", WithoutConsole(python)) & words & Through(console, "COLLABSHEET_BOOK", book) & _
        " " & Through(console, "COLLABSHEET_SHEET", sheet) & " --hwnd=" & Application.Hwnd, 0, False
#End If
End Sub

' Windows' Run puts the variable NAME in place of %NAME%, once. A path or a name of a sheet may hold such a word, and is no
' variable: so it goes through one of ours, whose content Run leaves as it is.
Private Function Through(console As Object, variable As String, text As String) As String
    console.Environment("PROCESS").Item(variable) = Escaped(text)
    Through = "%" & variable & "%"
End Function

' pythonw beside python, where there is one: it opens no window.
Private Function WithoutConsole(python As String) As String
    WithoutConsole = python
    If LCase(Right(python, 10)) = "python.exe" Then
        If Dir(Left(python, Len(python) - 4) & "w.exe") <> "" Then WithoutConsole = Left(python, Len(python) - 4) & "w.exe"
    End If
End Function

Private Function ForShell(text As String) As String
    ForShell = "'" & Replace(text, "'", "'\''") & "'"
End Function

Private Function Escaped(text As String) As String
    Escaped = """" & Replace(text, """", "\""") & """"
End Function
