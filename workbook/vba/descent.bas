Option Explicit

' What the buttons Step, x10, x100 and Reset of a model sheet do, without Python: the sheet computes by its formulas where a step
' leads, and what stands in the table "What a step copies" goes where the table says: what comes from where stands in its last column but
' one, what Reset puts back in its last.

Sub DescendOnce()
    Descend 1
End Sub

Sub DescendTen()
    Descend 10
End Sub

Sub DescendHundred()
    Descend 100
End Sub

Sub DescendReset()
    Dim sheet As Object, places As Variant, last As Long, i As Long
    On Error GoTo Failed
    Set sheet = ActiveSheet
    If CannotWrite(sheet) Then Exit Sub
    If AreaOf(sheet, "steps").Value = 0 Then
        Report sheet, "No step was taken since the last Reset."
        Exit Sub
    End If
    sheet.Calculate
    places = AreaOf(sheet, "step_table").Value
    last = UBound(places, 2)
    For i = 1 To UBound(places, 1)
        If IsNumeric(places(i, last)) Then
            sheet.Range(places(i, 2)).Value = places(i, last)
        ElseIf places(i, last) <> "" Then
            sheet.Range(places(i, 2)).Value = sheet.Range(places(i, last)).Value
        End If
    Next
    ClearLines AreaOf(sheet, "history"), AreaOf(sheet, "gradients_by_epoch")
    sheet.Calculate
    Report sheet, "Reset: the parameters of before the first step, RMSE " & Format(AreaOf(sheet, "rmse").Value, "0.0000") & "."
    Exit Sub
Failed:
    Report sheet, "Reset: " & Err.Description
End Sub

' The areas are looked up once a press: there are many names.
Private Sub Descend(times As Integer)
    Dim sheet As Object, table As Range, steps As Range, fault As Range, rmse As Range, lines As Long, i As Integer
    Dim history As Range, gradients As Range, gradient As Range
    On Error GoTo Failed
    Set sheet = ActiveSheet
    If CannotWrite(sheet) Then Exit Sub
    Set table = AreaOf(sheet, "step_table")
    Set steps = AreaOf(sheet, "steps")
    Set fault = AreaOf(sheet, "step_fault")
    Set history = AreaOf(sheet, "history")
    Set gradients = AreaOf(sheet, "gradients_by_epoch")
    Set gradient = AreaOf(sheet, "gradients_now")
    Set rmse = AreaOf(sheet, "rmse")
    sheet.Calculate
    If steps.Value = 0 Then KeepStart sheet, table.Value
    lines = LinesThatEndAt(history, gradients, steps.Value)
    If lines = 0 Then NoteStep history, gradients, gradient, lines, steps.Value, rmse.Value
    For i = 1 To times
        If fault.Value <> "" Then Err.Raise 1000, , fault.Value
        TakeStep sheet, table.Value
        NoteStep history, gradients, gradient, lines, steps.Value, rmse.Value
    Next
    Report sheet, "Step " & steps.Value & ", " & AreaOf(sheet, "step_optimizer").Value & ": RMSE " & Format(rmse.Value, "0.0000")
    Exit Sub
Failed:
    Report sheet, Err.Description
End Sub

' All next values are read before one is written: each depends on all parameters.
Private Sub TakeStep(sheet As Object, places As Variant)
    Dim values() As Variant, source As Long, i As Long
    source = UBound(places, 2) - 1
    ReDim values(1 To UBound(places, 1))
    For i = 1 To UBound(places, 1)
        If IsNumeric(places(i, source)) Then
            values(i) = places(i, source)
        ElseIf places(i, source) <> "" Then
            values(i) = sheet.Range(places(i, source)).Value
        End If
    Next
    For i = 1 To UBound(places, 1)
        If places(i, source) <> "" Then sheet.Range(places(i, 2)).Value = values(i)
    Next
    sheet.Calculate
End Sub

Private Sub KeepStart(sheet As Object, places As Variant)
    Dim last As Long, i As Long
    last = UBound(places, 2)
    For i = 1 To UBound(places, 1)
        If Not IsNumeric(places(i, last)) And places(i, last) <> "" Then sheet.Range(places(i, last)).Value = sheet.Range(places(i, 2)).Value
    Next
End Sub

' How many lines of the history are used, where the last is that of this step; else they are another fit's, and go.
Private Function LinesThatEndAt(history As Range, gradients As Range, steps As Long) As Long
    Dim lines As Variant, used As Long, i As Long
    lines = history.Value
    For i = 1 To UBound(lines, 1)
        If Not IsEmpty(lines(i, 1)) Then used = i
    Next
    If used > 0 Then
        If steps > 0 And lines(used, 1) = steps Then
            LinesThatEndAt = used
            Exit Function
        End If
        ClearLines history, gradients
    End If
End Function

' Beside epoch and RMSE stands what a fit finds on ratings held out.
Private Sub ClearLines(history As Range, gradients As Range)
    history.Resize(history.Rows.Count, 3).ClearContents
    If Not gradients Is Nothing Then gradients.ClearContents
End Sub

' A line of the history, for the chart, and, where there is one, of the gradients. Where all lines are used, every second one goes.
Private Sub NoteStep(history As Range, gradients As Range, gradient As Range, used As Long, steps As Long, rmse As Double)
    If used = history.Rows.Count Then
        KeepEverySecond history
        If Not gradients Is Nothing Then KeepEverySecond gradients
        used = (used + 1) \ 2
    End If
    used = used + 1
    history.Cells(used, 1).Value = steps
    history.Cells(used, 2).Value = rmse
    If Not gradients Is Nothing Then gradients.Rows(used).Value = gradient.Value
End Sub

Private Sub KeepEverySecond(area As Range)
    Dim lines As Variant, i As Long, j As Long
    lines = area.Value
    area.ClearContents
    For i = 1 To UBound(lines, 1) Step 2
        For j = 1 To UBound(lines, 2)
            area.Cells((i + 1) \ 2, j).Value = lines(i, j)
        Next
    Next
End Sub

Private Function CannotWrite(sheet As Object) As Boolean
    CannotWrite = sheet.ProtectContents
    If CannotWrite Then Application.StatusBar = "This sheet is protected: unprotect it, and press again."
End Function

Private Sub Report(sheet As Object, text As String)
    On Error GoTo InTheBar
    AreaOf(sheet, "status").Value = text
    Exit Sub
InTheBar:
    Application.StatusBar = text
End Sub
