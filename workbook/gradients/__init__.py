"""Gradient descent on the factors, in cells: beside the blocks of a crosstab sheet, folded away, the error of every
prediction, the derivative by every parameter, and where a step of SGD, momentum or Adam leads; buttons take the step.

`gradient_plan` says what stands where, `gradient_blocks` writes the gradients, `next_values` the steps and `step_table`
what a press of a button copies. Stands on `workbook.model_sheets`. You may add an optimizer.
"""
