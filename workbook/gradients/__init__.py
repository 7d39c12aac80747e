"""Gradient descent on the factors, in cells: beside the blocks of a crosstab sheet, folded away, the error of every
prediction, the derivative by every parameter, and where a step of SGD, momentum or Adam leads; buttons take the step.
On the sheet with a rating a row a step is by one rating.

`gradient_plan` says what stands where, `gradient_blocks` writes the gradients, `next_values` the steps and `step_table`
what a press of a button copies; `rating_steps_plan` and `rating_steps` are the same for one rating a step, and `copy_table`
is what both need. Stands on `workbook.model_sheets`. You may add an optimizer.
"""
