Option Explicit

' What the buttons of the optimizer workbook do, without Python: the sheet computes an epoch by its formulas, and what stands
' in the table "Carried over to the next epoch" goes where the table says.

Sub TrainStep()
    Dim rowInHand As Range
    On Error GoTo Failed
    Set rowInHand = AreaOf(ActiveSheet, "row")
    If rowInHand.Value >= AreaOf(ActiveSheet, "rows").Rows.Count Then FinishEpoch ActiveSheet
    rowInHand.Value = rowInHand.Value + 1
    Exit Sub
Failed:
    Tell Err.Description
End Sub

Sub TrainEpoch()
    TrainFor 1, False
End Sub

Sub TrainRun()
    TrainFor 5, False
End Sub

Sub TrainRunAll()
    TrainFor 5, True
End Sub

Sub TrainReset()
    On Error GoTo Failed
    ResetSheet ActiveSheet
    Exit Sub
Failed:
    Tell Err.Description
End Sub

Sub TrainResetAll()
    Dim sheet As Object
    On Error GoTo Failed
    For Each sheet In ThisWorkbook.Worksheets
        If Not AreaOf(sheet, "carry") Is Nothing Then ResetSheet sheet
    Next
    Exit Sub
Failed:
    Tell Err.Description
End Sub

Private Sub TrainFor(epochs As Integer, all As Boolean)
    Dim sheet As Object, epoch As Integer
    On Error GoTo Failed
    For Each sheet In ThisWorkbook.Worksheets
        If (all Or sheet.Name = ActiveSheet.Name) And Not AreaOf(sheet, "carry") Is Nothing Then
            For epoch = 1 To epochs
                FinishEpoch sheet
            Next
        End If
    Next
    Exit Sub
Failed:
    Tell Err.Description
End Sub

' Notes the error of the epoch that the sheet shows, and carries its end values over. All of them are read before one is written.
Private Sub FinishEpoch(sheet As Object)
    Dim table As Range, log As Range, values As Variant, done As Long, i As Long
    Set table = AreaOf(sheet, "carry")
    Set log = AreaOf(sheet, "log")
    sheet.Calculate
    values = table.Value
    If AreaOf(sheet, "fault").Value <> "" Then Err.Raise 1000, , sheet.Name & ": " & AreaOf(sheet, "fault").Value
    done = AreaOf(sheet, "epochs").Value
    If done < log.Rows.Count Then
        log.Cells(done + 1, 1).Value = done + 1
        log.Cells(done + 1, 2).Value = AreaOf(sheet, "error").Value
    Else
        Tell sheet.Name & ": the log is full. Reset clears it; the epochs go on."
    End If
    For i = 1 To table.Rows.Count
        sheet.Range(values(i, 2)).Value = values(i, 3)
    Next
    sheet.Calculate
End Sub

' Puts back the start values, and clears the log.
Private Sub ResetSheet(sheet As Object)
    Dim table As Range, values As Variant, i As Long
    Set table = AreaOf(sheet, "carry")
    sheet.Calculate
    values = table.Value
    For i = 1 To table.Rows.Count
        If IsEmpty(values(i, 4)) Then
            sheet.Range(values(i, 2)).ClearContents
        Else
            sheet.Range(values(i, 2)).Value = values(i, 4)
        End If
    Next
    AreaOf(sheet, "log").ClearContents
    Tell ""
End Sub

Private Sub Tell(text As String)
    If text = "" Then
        Application.StatusBar = False
    Else
        Application.StatusBar = text
    End If
End Sub
