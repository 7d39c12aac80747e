' LibreOffice's Shell knows both kinds of quotation marks and no escape.
Private Function InQuotes(text As String) As String
    If InStr(text, """") = 0 Then
        InQuotes = """" & text & """"
    ElseIf InStr(text, "'") = 0 Then
        InQuotes = "'" & text & "'"
    Else
        Err.Raise 5, , "a name or path holds both kinds of quotation marks: " & text
    End If
End Function
