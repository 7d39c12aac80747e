' The range of the sheet that is named ..._what, whatever the sheet is called by now; Nothing where there is none.
' A name that ends with _last_what is another one: a result of the last fit.
Private Function AreaOf(sheet As Object, what As String) As Range
    Dim named As Object, found As Range
    For Each named In ThisWorkbook.Names
        If Right(named.Name, Len(what) + 1) = "_" & what And Right(named.Name, Len(what) + 6) <> "_last_" & what Then
            Set found = Nothing
            On Error Resume Next  ' a name may have lost its cells
            Set found = named.RefersToRange
            On Error GoTo 0
            If Not found Is Nothing Then
                If found.Worksheet.Name = sheet.Name Then
                    Set AreaOf = found
                    Exit Function
                End If
            End If
        End If
    Next
End Function
